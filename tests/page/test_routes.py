"""What the page's routes answer, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings

PAGES = ("/", "/docs", "/model/card")
FILES = ("/page/main.js", "/page/base.css", "/page/swagger/swagger-ui-bundle.js", "/model/card/plot.png")


@pytest.fixture(scope="module")
def client(page_bundle: Path) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(model=page_bundle, access_log=False, api_keys="sesame"))) as client:
        yield client


@pytest.mark.parametrize("path", PAGES + FILES)
def test_page_needs_no_key_and_is_asked_for_again_by_etag(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", PAGES)
def test_policy_allows_no_inline_script_and_no_other_host(client: TestClient, path: str) -> None:
    policy = dict(part.split(" ", 1) for part in client.get(path).headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[part] for part in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", PAGES)
def test_page_answers_head(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_card_shows_html_as_text_and_only_listed_plots(client: TestClient) -> None:
    html = client.get("/model/card").text
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert 'src="card/plot.png"' in html
    assert "secret.png" not in html
    assert "Not ours" in html
    assert 'href="javascript' not in html
    assert "style=" not in html


@pytest.mark.parametrize(
    "name", ["model.keras", "manifest.json", "secret.png", "README.md", "..%2f1%2fplot.png", "%2e%2e/plot.png"]
)
def test_card_serves_nothing_else_of_the_bundle(client: TestClient, name: str) -> None:
    assert client.get(f"/model/card/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/page/../main.py", "/page/%2e%2e/index.html", "/page/none.js", "/page/", "/redoc"])
def test_other_files_are_not_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_bundle_without_a_card_says_so(tiny_bundle: Path) -> None:
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False))) as client:
        assert "This bundle has no model card." in client.get("/model/card").text


def test_page_is_not_part_of_the_api_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert not {"/", "/docs", "/model/card"} & set(paths)


def test_docs_refer_to_no_other_host(client: TestClient) -> None:
    assert "//" not in client.get("/docs").text
