"""Files of the page: ETags, pieces, and what is kept of them."""

import errno
import os
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings
from app.web.page_files import PIECE, read
from tests.page.test_routes import FILES, PAGES


@pytest.fixture(scope="module")
def client(page_bundle: Path) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(model=page_bundle, access_log=False))) as client:
        yield client


@pytest.mark.parametrize("path", PAGES + FILES)
@pytest.mark.parametrize("known", ['"x", {}', "W/{}", "*", " * "])
def test_every_form_of_if_none_match_is_understood(client: TestClient, path: str, known: str) -> None:
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": known.format(etag)}).status_code == 304
    assert client.get(path, headers=[("If-None-Match", '"x"'), ("If-None-Match", etag)]).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"x", W/"*"'}).status_code == 200


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("ranges", ["bytes=2-5", "bytes=0-1,4-5", "bytes=999999999-", "bytes", "lines=1-2"])
def test_range_is_ignored(client: TestClient, path: str, ranges: str) -> None:
    answer = client.get(path, headers={"Range": ranges})
    assert (answer.status_code, answer.content) == (200, client.get(path).content)


def test_client_that_reads_slowly_makes_the_server_hold_one_piece_of_a_file(client: TestClient) -> None:
    assert client.portal is not None
    pieces: list[bytes] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        pieces.append(message.get("body", b""))

    path = "/page/swagger/swagger-ui-bundle.js"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    client.portal.call(client.app, scope, AsyncMock(), send)
    assert b"".join(pieces) == client.get(path).content
    assert max(map(len, pieces)) == PIECE


def test_file_is_read_once_for_all_clients_and_again_if_it_has_changed(
    page_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(page_bundle, tmp_path / "1")
    plot = folder / "plot.png"
    opened = Mock(side_effect=[plot.read_bytes(), b"changed"])
    with TestClient(create_app(load_settings(model=folder, access_log=False))) as client:
        monkeypatch.setattr("app.web.page_files.Path.read_bytes", opened)
        etags = [client.get("/model/card/plot.png").headers["etag"] for _ in range(3)]
        assert (opened.call_count, len(set(etags))) == (1, 1)
        plot.write_bytes(b"changed")
        client.get("/model/card/plot.png")
        assert opened.call_count == 2


def test_plot_that_is_no_longer_the_one_in_the_manifest_is_not_sent(page_bundle: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(page_bundle, tmp_path / "1")
    plot = folder / "plot.png"
    verified = plot.read_bytes()
    with TestClient(create_app(load_settings(model=folder, access_log=False))) as client:
        plot.write_bytes(b"of another model")
        assert [client.request(method, "/model/card/plot.png").status_code for method in ("GET", "HEAD")] == [404, 404]
        assert client.get("/model/card/plot.png", headers={"If-None-Match": "*"}).status_code == 404
        plot.write_bytes(verified)
        assert client.get("/model/card/plot.png").content == verified


@pytest.mark.parametrize("path", ["/docs", *FILES])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_file_that_cannot_be_opened_for_want_of_descriptors_is_503(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, number: int
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    read.cache_clear()
    monkeypatch.setattr("app.web.page_files.Path.read_bytes", full)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    monkeypatch.undo()
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", *FILES])
@pytest.mark.parametrize("call", ["os.stat", "app.web.page_files.Path.read_bytes"])
def test_file_without_permission_is_an_error_of_the_service(
    page_bundle: Path, monkeypatch: pytest.MonkeyPatch, path: str, call: str
) -> None:
    app = create_app(load_settings(model=page_bundle, access_log=False))
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get(path).status_code == 200
        read.cache_clear()
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES), "a file")
        monkeypatch.setattr(call, Mock(side_effect=denied))
        answer = client.get(path)
        monkeypatch.undo()
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:topics:problem:internal-error")
