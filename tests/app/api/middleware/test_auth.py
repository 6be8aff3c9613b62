"""Without a key only public routes respond, for every spelling of a path and wherever the app is mounted."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.api.middleware.auth import require_key
from app.errors import UnauthorizedError
from app.main import create_app
from app.settings import load_settings
from tests.app.metrics import read

KEY = {"X-API-Key": "secret"}
V2 = "/v2/models/tiny/infer"
TENSOR = {"inputs": [{"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["oil"]}]}
GUARDED: dict[str, Any] = {
    "/predict": {"headline": "oil"},
    "/predict/batch": {"headlines": ["oil"]},
    V2: TENSOR,
    "/v2/models/tiny/versions/1/infer": TENSOR,
    "/topics": None,
    "/model": None,
}
PUBLIC = ["/health", "/health/live", "/metrics", "/docs", "/openapi.json", "/", "/v2", "/v2/models/tiny", "/model/card"]
SPELLINGS: list[Callable[[str], str]] = [
    lambda path: path + "%0A",
    lambda path: path + "%0D",
    lambda path: path + "%00",
    lambda path: path + "%20",
    lambda path: path + "/",
    lambda path: path + "%2f",
    lambda path: path + "//",
    lambda path: path + ".",
    lambda path: path + "/.",
    lambda path: path + ";x",
    lambda path: path + "%3Fx",
    lambda path: "/" + path,
    lambda path: "/." + path,
    lambda path: "/x/.." + path,
    lambda path: "/health" + path,
    lambda path: "/page/.." + path,
    lambda path: "/page/%2e%2e" + path,
    lambda path: path.upper(),
    lambda path: path.replace("e", "%65"),
    lambda path: path.replace("/", "/%0A"),
    lambda path: path.replace("e", "%e5%85%be"),
]


@pytest.fixture(scope="module")
def client(tiny_bundle: Path) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False, api_keys="secret"))) as client:
        yield client


def method(path: str) -> str:
    return "GET" if GUARDED[path] is None else "POST"


def tells(body: bytes) -> bool:
    """Whether a response has content that requires a key."""
    names = (b"predictions", b"digest", b"support", b"model_version", b"results")
    return any(b'"%b":' % name in body for name in names)  # with the colon: the page has an attribute "support"


@pytest.mark.parametrize("path", GUARDED)
def test_guarded_route_opens_with_a_key_alone(client: TestClient, path: str) -> None:
    replies = [client.request(method(path), path, json=GUARDED[path], headers=headers) for headers in ({}, KEY)]
    assert [reply.status_code for reply in replies] == [401, 200]
    assert [tells(reply.content) for reply in replies] == [False, True]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("spell", SPELLINGS)
def test_no_spelling_of_a_guarded_path_opens_it(client: TestClient, path: str, spell: Callable[[str], str]) -> None:
    for way in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "PREDICT", "get"):
        reply = client.request(way, f"http://testserver{spell(path)}", json=GUARDED[path])
        assert reply.status_code in (400, 401, 404, 405), (way, spell(path), reply.status_code)
        assert not tells(reply.content)


@pytest.mark.parametrize("path", GUARDED)
def test_control_characters_are_refused_with_a_key_too(client: TestClient, path: str) -> None:
    for character in ("%0A", "%0D", "%00", "%7F", "%C2%85"):
        reply = client.request(method(path), path + character, json=GUARDED[path], headers=KEY)
        assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")


@given(
    path=st.text() | st.sampled_from(list(GUARDED)).flatmap(lambda path: st.text(max_size=3).map(path.__add__)),
    root=st.sampled_from(["", "/api", "/", "/v2", "/predict"]),
    way=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
)
@example(path="/", root="", way="GET")  # without keys, the page contains an answer
def test_no_path_at_all_opens_a_guarded_route(client: TestClient, path: str, root: str, way: str) -> None:
    """Call the app directly with any path; clients and servers would encode it."""
    body, status = ask(client, {"path": f"{root}{path}", "root_path": root, "method": way})
    assert not tells(body)
    assert status != 500


def ask(client: TestClient, scope: dict[str, Any], content: bytes = b'{"headline": "oil"}') -> tuple[bytes, int]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content}

    async def send(message: Any) -> None:
        sent.append(message)

    http = {"type": "http", "http_version": "1.1", "asgi": {}, "headers": [], "query_string": b"", "scheme": "http"}
    client.portal.call(client.app, http | {"server": ("testserver", 80)} | scope, receive, send)
    return b"".join(one.get("body", b"") for one in sent), sent[0]["status"]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_route_needs_no_key_and_ignores_a_wrong_one(client: TestClient, path: str) -> None:
    assert [client.get(path, headers=headers).status_code for headers in ({}, KEY, {"X-API-Key": "x"})] == [200] * 3


@pytest.mark.parametrize("path", GUARDED)
def test_refusal_of_the_key_counts_under_the_route(client: TestClient, path: str) -> None:
    route = path.replace("tiny", "{name}").replace("/1/", "/{version}/")
    labels = {"route": route, "method": method(path), "status": 401}
    before = read(client.get("/metrics").text)("http_requests_total", **labels)
    assert client.request(method(path), path, json=GUARDED[path]).status_code == 401
    assert read(client.get("/metrics").text)("http_requests_total", **labels) == before + 1


def test_what_does_not_exist_is_404_and_not_401(client: TestClient) -> None:
    assert [client.get("/nowhere", headers=headers).status_code for headers in ({}, KEY)] == [404, 404]
    assert client.post("/health").status_code == 405


@pytest.mark.parametrize("root", ["/api", "/predict", "/v2"])
def test_under_a_path_prefix_guarded_routes_need_a_key_and_others_answer(client: TestClient, root: str) -> None:
    below = TestClient(client.app, root_path=root)  # the app has started with `client`
    for path, body in GUARDED.items():
        replies = [below.request(method(path), root + path, json=body, headers=one) for one in ({}, KEY)]
        assert [reply.status_code for reply in replies] == [401, 200], path
    assert [below.get(root + path).status_code for path in PUBLIC] == [200] * len(PUBLIC)
    assert below.get(f"{root}/predict%0A").status_code == 400
    assert below.get(f"{root}/openapi.json").json()["servers"][0]["url"] == "."  # relative to the document
    assert below.get(f"{root}/v2/models/other").json()["error"]


def test_mounted_in_another_app_guarded_routes_need_a_key(client: TestClient) -> None:
    outer = TestClient(Starlette(routes=[Mount("/topics-service", client.app)]))
    for path, body in GUARDED.items():
        for prefix in ("/topics-service", "/topics-service/", "//topics-service"):
            assert outer.request(method(path), prefix + path, json=body).status_code in (401, 404)
        reply = outer.request(method(path), f"/topics-service{path}", json=body, headers=KEY)
        assert reply.status_code == 200
    assert outer.get("/topics-service/health").status_code == 200


def test_prefix_that_only_a_header_claims_changes_nothing(client: TestClient) -> None:
    for name in ("X-Forwarded-Prefix", "X-Forwarded-Path", "X-Original-URL", "X-Rewrite-URL", "Forwarded"):
        reply = client.post("/predict", json=GUARDED["/predict"], headers={name: "/health"})
        assert reply.status_code == 401
        assert client.get("/health", headers={name: "/predict"}).status_code == 200


async def hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_route_that_is_added_later_needs_a_key_however_it_is_added(tiny_bundle: Path) -> None:
    app = create_app(load_settings(model=tiny_bundle, access_log=False, api_keys="secret"))
    router = APIRouter()
    router.add_api_route("/included", lambda: "hello")
    router.routes.append(Mount("/included-mount", routes=[Route("/x", hello)]))
    app.include_router(router, prefix="/new")
    app.add_api_route("/fastapi", lambda: "hello")
    app.add_route("/starlette", hello)
    app.mount("/mount", Starlette(routes=[Route("/x", hello)]))
    app.router.routes.insert(0, Route("/health/first", hello))
    app.router.routes.insert(0, Mount("/page/first", routes=[Route("/x", hello)]))
    app.frontend("/frontend", directory=Path(__file__).parent)
    paths = ["/new/included", "/new/included-mount/x", "/fastapi", "/starlette", "/mount/x", "/health/first"]
    with TestClient(app) as client:
        assert [client.get(path).status_code for path in paths] == [401] * len(paths)
        assert [client.get(path, headers=KEY).status_code for path in paths] == [200] * len(paths)
        assert client.get("/page/first/x").status_code == 404  # the page's own file of this name
        assert client.get("/page/first/x", headers=KEY).text == "hello"
        assert client.get("/frontend/test_auth.py").status_code == 404
        assert client.get("/frontend/test_auth.py", headers=KEY).status_code == 200


def test_websocket_needs_a_key(tiny_bundle: Path) -> None:
    async def chat(socket: Any) -> None:
        await socket.accept()
        await socket.close()

    app = create_app(load_settings(model=tiny_bundle, access_log=False, api_keys="secret"))
    app.router.routes.append(WebSocketRoute("/chat", chat))
    with TestClient(app) as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/chat"):
            pass
        with client.websocket_connect("/chat", headers=KEY):
            pass


def test_key_that_becomes_valid_while_the_request_is_routed_opens() -> None:
    app, public = FastAPI(), APIRouter()
    app.add_api_route("/model", lambda: "hello")
    results = iter([UnauthorizedError("The API key is not valid."), None])

    def authenticate(_: object) -> None:
        if (error := next(results)) is not None:
            raise error

    require_key(app.router, public, authenticate)
    assert TestClient(app).get("/model").json() == "hello"


def test_without_keys_everything_is_open(tiny_bundle: Path) -> None:
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False))) as client:
        for path, body in GUARDED.items():
            assert client.request(method(path), path, json=body).status_code == 200
