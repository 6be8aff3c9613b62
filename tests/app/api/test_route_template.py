"""Route templates, under which metrics and access log count requests."""

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from app.api.route_template import route_template


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = FastAPI()
    app.add_api_route("/model", lambda: None)
    app.add_api_route("/v2/models/{name}", lambda: None)
    app.router.routes.append(Mount("/page", routes=[]))
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "template"),
    [
        ("GET", "/model", 400, "/model"),
        ("GET", "/model", 401, "/model"),
        ("DELETE", "/model", 405, "/model"),
        ("GET", "/model", 503, "/model"),
        ("OPTIONS", "/v2/models/tiny", 400, "/v2/models/{name}"),
        ("GET", "/v2/models/a/b", 400, "other"),
        ("GET", "/nowhere", 405, "other"),
        ("GET", "/model\n", 400, "other"),
        ("GET", "/page/main.js", 200, "other"),
        ("GET", "/page/nothing", 404, "other"),
        ("GET", "/page/main.js", 503, "/page"),
    ],
)
def test_request_that_no_route_has_answered_counts_under_the_one_it_matches_if_it_was_refused(
    app: FastAPI, method: str, path: str, status: int, template: str
) -> None:
    assert route_template({"type": "http", "app": app, "method": method, "path": path}, path, status) == template


@pytest.mark.parametrize("status", [200, 401, 404, 422])
def test_route_that_has_answered_is_not_searched_for(app: FastAPI, status: int) -> None:
    scope = {"type": "http", "app": app, "method": "GET", "path": "/model", "route": app.routes[-2]}
    assert route_template(scope, "/model", status) == "/v2/models/{name}"
