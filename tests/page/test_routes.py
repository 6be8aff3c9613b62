"""Routes of the page, tested without a browser."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from app.classifier import Bundle
from app.main import create_app
from app.settings import load_settings
from app.web import routes
from app.web.home import METRICS_LINK
from app.web.page_files import PageFiles
from tests.tiny_bundle import seal

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


@pytest.mark.parametrize("path", PAGES + FILES)
def test_page_answers_head_with_the_length_of_the_body_that_it_leaves_out(client: TestClient, path: str) -> None:
    answer, whole = client.head(path), client.get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(whole.content))
    assert answer.headers["etag"] == whole.headers["etag"]
    assert client.head(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


def test_page_contains_model_topics_and_first_answer_unless_they_need_a_key(
    client: TestClient, page_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(page_bundle, tmp_path / "1")
    seal(folder, format=3, title="</script><b>News</b>")
    with TestClient(create_app(load_settings(model=folder, access_log=False))) as unguarded:
        page, model, topics = (unguarded.get(path) for path in ("/", "/model", "/topics"))
        example = {"headline": model.json()["examples"][0], "top_k": len(topics.json()["topics"]), "explain": True}
        answer = unguarded.post("/predict", json=example)
    found = re.findall('<script type="application/json" id="description">(.*?)</script>', page.text)
    assert [json.loads(one) for one in found] == [
        {"model": model.json(), "topics": topics.json(), "answer": answer.json()}
    ]
    assert '<script type="application/json" id="description"></script>' in client.get("/").text


def test_page_links_to_metrics_only_where_they_are(tiny_bundle: Path) -> None:
    for port, links in ((None, 1), (9999, 0)):
        settings = load_settings(model=tiny_bundle, access_log=False, metrics_port=port)
        with TestClient(create_app(settings)) as client:
            answer = client.get("/")
            assert answer.text.count(METRICS_LINK) == answer.text.count('href="metrics') == links
            assert client.get("/metrics").status_code == (200 if links else 404)
            assert answer.headers["content-security-policy"]
            assert client.get("/", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


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


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_files_of_the_page_can_only_be_read(client: TestClient, method: str) -> None:
    answer = client.request(method, "/page/main.js")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        *("/page/../main.py", "/page/%2e%2e/index.html", "/page//etc/passwd", "/page/none.js", "/page/%ff.js"),
        *("/page/", "/page/elements", f"/page/{'a' * 300}", "/page/main.js/x", "/redoc"),
    ],
)
def test_other_files_are_not_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/page/", "/page/swagger/"])
def test_long_path_is_404_and_not_looked_up(client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    looked_up = []
    monkeypatch.setattr(PageFiles, "lookup_path", lambda _, found: looked_up.append(found) or ("", None))
    assert [client.get(path + "a/" * number).status_code for number in (127, 128, 4_000)] == [404] * 3
    assert list(map(len, looked_up)) == [253, 255]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/nope", 404, "There is no endpoint at &#x27;/nope&#x27;"),
        ("/page/none.js", 404, "There is no endpoint"),
        ("/a/b/%2Fc?x=1", 404, "There is no endpoint"),
        ("/predict", 405, "does not support this method"),
        ("/model", 401, "No API key"),
        ("/<script>alert(1)</script>", 404, "&lt;script&gt;"),
    ],
)
def test_problem_in_a_browser_is_a_page(client: TestClient, path: str, status: int, text: str) -> None:
    key = {"X-API-Key": "sesame"} if status == 405 else {}
    answer = client.get(path, headers={"Accept": BROWSER} | key)
    as_json = client.get(path, headers=key)
    assert (answer.status_code, as_json.status_code) == (status, status)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert as_json.headers["content-type"] == "application/problem+json"
    assert text in answer.text
    assert "<script" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    for one in (answer, as_json):
        assert "Accept" in one.headers["vary"]
    for name in ("allow", "www-authenticate"):
        assert answer.headers.get(name) == as_json.headers.get(name)
    assert "'none'" in answer.headers["content-security-policy"]
    for link in re.findall(r'href="([^"]+)"', answer.text):
        assert client.get(urljoin(f"http://testserver{path}", link)).status_code == 200


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html", True),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0.5, application/problem+json;q=0.4", True),
        ("text/html;q=0, */*", False),
        ("*/*", False),
        ("text/html;q=x", False),
        ("," * 1_000 + "text/html", False),  # only the first 1,000 characters are read
    ],
)
def test_problem_is_a_page_where_html_is_preferred(client: TestClient, accept: str, html: bool) -> None:
    answer = client.get("/nope", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("text/html" if html else "application/problem+json")


def test_refused_post_is_a_problem_whatever_is_accepted(client: TestClient) -> None:
    answer = client.post("/predict", headers={"Accept": "text/html", "X-API-Key": "sesame"}, content="{")
    assert answer.headers["content-type"] == "application/problem+json"


def test_card_is_rendered_once_while_other_requests_are_answered(
    page_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering, answered = threading.Event(), threading.Event()
    in_time = []

    def render(_bundle: Bundle, _query: str) -> str:
        rendering.set()
        in_time.append(answered.wait(5))
        return "the card"

    monkeypatch.setattr(routes, "card_page", render)
    app = create_app(load_settings(model=page_bundle, access_log=False))
    with TestClient(app) as client, ThreadPoolExecutor() as pool:
        cards = [pool.submit(client.get, "/model/card") for _ in range(2)]
        assert rendering.wait(5)
        assert client.get("/health/live").status_code == 200
        answered.set()
        assert [card.result().text for card in cards] == ["the card"] * 2
    assert in_time == [True]


def test_bundle_without_a_card_says_so(tiny_bundle: Path) -> None:
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False))) as client:
        assert "This bundle has no model card." in client.get("/model/card").text


def test_page_is_not_part_of_the_api_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert not {"/", "/docs", "/model/card"} & set(paths)


def test_docs_refer_to_no_other_host(client: TestClient) -> None:
    assert "//" not in client.get("/docs").text
