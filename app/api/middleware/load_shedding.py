"""Load shedding: answers 503 from the headers alone, before the body arrives."""

from collections.abc import Mapping

from starlette._utils import get_route_path
from starlette.responses import Response
from starlette.types import Scope

from app.api.middleware.auth import Authenticate
from app.api.middleware.request_id import new_request_id, request_id
from app.api.problems import problem
from app.errors import ApiError, OverloadedError, UnauthorizedError
from app.serving.service import Service
from app.telemetry.recorder import RequestRecorder
from app.telemetry.request_context import RequestContext

LOAD_SHEDDER = "load_shedder"
"""Key of the LoadShedder in the lifespan state, where `app.server.http.protocol` looks it up."""


def malformed(error: ApiError) -> Response:
    """The response to bytes that are not a valid HTTP request."""
    request_id = new_request_id()
    answer = problem(error, "", request_id)
    answer.headers["x-request-id"] = request_id
    return answer


class LoadShedder:
    """Answers 503 from the headers alone; called by `app.server.http.protocol` before the body arrives.

    At four times the capacity, three requests are refused for each one answered. A refusal through the middleware
    (a task, the body, exceptions) costs as much as dozens of headlines. The decision is the same as in the middleware:
    requests with an Origin header, without a valid key, or during draining are left to it.
    """

    def __init__(
        self, service: Service, routes: Mapping[str, str], recorder: RequestRecorder, authenticate: Authenticate
    ) -> None:
        """`routes`: maps each path that accepts headlines to the route template used in metrics and logs."""
        self._service = service
        self._routes = routes
        self._recorder = recorder
        self._authenticate = authenticate

    def refusal(self, scope: Scope) -> Response | None:
        """The 503 response, already recorded, if the request is refused; None admits it."""
        path = get_route_path(scope)
        route = self._routes.get(path)
        if route is None or scope["method"] != "POST":
            return None
        try:
            self._service.limiter.raise_if_full()
        except OverloadedError as error:
            return self._refuse(error, scope, path, route)
        return None

    def malformed(self, error: ApiError, seconds: float) -> Response:
        """The response of the function `malformed`, recorded; `seconds`: time since the first byte."""
        answer = malformed(error)
        self._recorder.rejected(error.reason)
        self._recorder.record(
            RequestContext(answer.headers["x-request-id"], "", "", "other", status=answer.status_code, seconds=seconds)
        )
        return answer

    def rejected(self, reason: str | None) -> None:
        """Count a rejected request; see `RequestRecorder.rejected`."""
        self._recorder.rejected(reason)

    def _refuse(self, error: OverloadedError, scope: Scope, path: str, route: str) -> Response | None:
        headers = dict(scope["headers"])
        if b"origin" in headers or self._service.phase == "draining" or not self._is_authenticated(scope):
            return None
        context = RequestContext(request_id(headers), scope["method"], path, route)
        answer = problem(error, scope["path"], context.request_id, path)
        answer.headers["x-request-id"] = context.request_id
        context.status = answer.status_code
        self._recorder.rejected(error.reason)
        context.finish()
        self._recorder.record(context)
        return answer

    def _is_authenticated(self, scope: Scope) -> bool:
        try:
            self._authenticate(scope["headers"])
        except UnauthorizedError:
            return False
        return True
