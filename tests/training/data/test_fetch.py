"""Downloads from a server on loopback that can also misbehave."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.data import fetch
from training.data.fetch import ARCHIVE, archive_fault, fetch_archive
from training.errors import DownloadError, OutputError

FILES = {"reut2-000.sgm": bytes(range(256)) * 400, "README.txt": b"For research purposes only."}


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=0) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


CONTENT = tar(FILES)


class Server:
    """A server that calls `behaviour` with the handler of each request."""

    def __init__(self) -> None:
        self.behaviour: Callable[[BaseHTTPRequestHandler], None] = whole
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.ranges.append(self.headers.get("Range"))
                outer.behaviour(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/{ARCHIVE}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def known_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SHA256", {name: hashlib.sha256(one).hexdigest() for name, one in FILES.items()})


def send(
    handler: BaseHTTPRequestHandler,
    content: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def whole(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CONTENT)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """Send half of the content, with the length of all of it; no support for Range."""
    send(handler, CONTENT[: len(CONTENT) // 2], length=len(CONTENT))


def cut_off_at_first(handler: BaseHTTPRequestHandler) -> None:
    """Interrupt requests without Range; send the right rest to those with it."""
    if asked := handler.headers.get("Range"):
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        places = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        send(handler, CONTENT[start:], status=206, headers={"Content-Range": places})
    else:
        cut_off(handler)


def empty_folder(folder: Path) -> bool:
    return not folder.exists() or list(folder.iterdir()) == []


def test_archive_is_fetched_whole_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    archive = fetch_archive(tmp_path / "new", [server.url], lambda done, total: seen.append((done, total)))
    assert archive.read_bytes() == CONTENT
    assert list(archive.parent.iterdir()) == [archive]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_archive_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(CONTENT)
    assert fetch_archive(tmp_path, [server.url]) == tmp_path / ARCHIVE
    assert server.ranges == []


def test_damaged_archive_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(CONTENT[:100])
    assert fetch_archive(tmp_path, [server.url]).read_bytes() == CONTENT


def test_download_that_is_cut_off_goes_on_from_there(server: Server, tmp_path: Path) -> None:
    server.behaviour = cut_off_at_first
    assert fetch_archive(tmp_path, [server.url]).read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


def test_server_that_ignores_range_is_read_from_the_start(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda handler: whole(handler) if handler.headers.get("Range") else cut_off(handler)
    assert fetch_archive(tmp_path, [server.url]).read_bytes() == CONTENT


def test_server_that_sends_another_range_is_refused(server: Server, tmp_path: Path) -> None:
    def another_range(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Range"):
            send(handler, CONTENT[5:], status=206, headers={"Content-Range": f"bytes 5-{len(CONTENT) - 1}/*"})
        else:
            cut_off(handler)

    server.behaviour = another_range
    with pytest.raises(DownloadError):
        fetch_archive(tmp_path, [server.url])
    assert empty_folder(tmp_path)


def wrong_bytes(handler: BaseHTTPRequestHandler) -> None:
    send(handler, tar(FILES | {"reut2-000.sgm": b"another text"}))


def too_short(handler: BaseHTTPRequestHandler) -> None:
    """Send a Content-Length that is too small, so that a client that trusts it stops early."""
    send(handler, CONTENT[:-50_000], length=len(CONTENT) - 50_000)


def answers(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"no", status=status)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    ("behaviour", "fault", "requests"),
    [
        (cut_off, "cut the download off at", 3),
        (too_short, "cannot be read (", 1),
        (wrong_bytes, "has another reut2-000.sgm than Reuters-21578", 1),
        (lambda handler: send(handler, tar({"README.txt": FILES["README.txt"]})), "lacks reut2-000.sgm", 1),
        (lambda handler: send(handler, b"<html>moved</html>"), "cannot be read (", 1),
        (answers(404), "answered 404", 1),
        (answers(500), "answered 500", 3),
        (hangs_up, "cannot be reached", 3),
    ],
    ids=["cut off", "lying length", "wrong bytes", "file missing", "html", "404", "500", "hangs up"],
)
def test_failed_download_leaves_nothing_and_says_what_to_do(
    server: Server,
    tmp_path: Path,
    behaviour: Callable[[BaseHTTPRequestHandler], None],
    fault: str,
    requests: int,
) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError) as refused:
        fetch_archive(tmp_path / "new", [server.url])
    message = str(refused.value)
    assert fault in message
    assert "try again later, or put" in message
    assert "\n" not in message
    assert len(server.ranges) == requests
    assert empty_folder(tmp_path / "new")


def test_failed_download_keeps_what_was_there(server: Server, tmp_path: Path) -> None:
    server.behaviour = answers(404)
    (tmp_path / ARCHIVE).write_bytes(b"older")
    with pytest.raises(DownloadError):
        fetch_archive(tmp_path, [server.url])
    assert (tmp_path / ARCHIVE).read_bytes() == b"older"


def test_endless_download_is_stopped(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 1_000)
    with pytest.raises(DownloadError, match="sends more than 1,000 bytes"):
        fetch_archive(tmp_path, [server.url])
    assert empty_folder(tmp_path)


def test_next_url_is_tried(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda handler: (answers(404) if handler.path == "/old" else whole)(handler)
    gone = server.url.replace(ARCHIVE, "old")
    assert fetch_archive(tmp_path, [gone, server.url]).read_bytes() == CONTENT


def test_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch_archive(tmp_path, ["http://127.0.0.1:1/x"])


@pytest.mark.parametrize("url", ["", "reuters21578.tar.gz", "http://[::1"])
def test_what_is_no_url_is_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="is not a URL; it must begin with https:// or http://"):
        fetch_archive(tmp_path, [url])
    assert empty_folder(tmp_path)


def test_interrupted_download_leaves_nothing(server: Server, tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_archive(tmp_path, [server.url], interrupt)
    assert empty_folder(tmp_path)


def test_folder_that_cannot_be_made_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="choose another --into"):
        fetch_archive(tmp_path / "file" / "data", [server.url])


def test_missing_archive_is_reported(tmp_path: Path) -> None:
    assert "cannot be read (" in str(archive_fault(tmp_path / ARCHIVE))


def test_archive_with_a_second_file_of_a_verified_name_is_refused(tmp_path: Path) -> None:
    # Training would read the second one.
    (tmp_path / ARCHIVE).write_bytes(tar({**FILES, "later/reut2-000.sgm": b"other wires"}))
    assert "it has reut2-000.sgm twice" in str(archive_fault(tmp_path / ARCHIVE))
