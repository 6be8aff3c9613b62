"""Requests that there is no room for are turned away when only their headers are in."""

import time
from collections.abc import Mapping

from starlette._utils import get_route_path
from starlette.responses import Response
from starlette.types import Scope

from app.api.errors import ApiError, OverloadedError, UnauthorizedError
from app.api.ledger import Ledger
from app.api.problems import problem
from app.api.request_id import new_request_id, request_id
from app.api.service import Service

DOOR = "door"
"""Its name in the lifespan's state, where the protocol finds it."""


def malformed(error: ApiError) -> Response:
    """The answer to bytes that have not become a request."""
    request_id = new_request_id()
    answer = problem(error, "", request_id)
    answer.headers["x-request-id"] = request_id
    return answer


class Door:
    """What `app.protocol` asks about each request before it makes a task of it.

    Four times the load means three refusals for an answer. On the usual way (a task, the body, the middlewares)
    each costs as much as dozens of headlines. Nothing is decided here that would be decided otherwise there: what
    is out of the ordinary goes the usual way, and is refused, or told that it lacks a key, at its end.
    """

    def __init__(self, service: Service, routes: Mapping[str, str], ledger: Ledger) -> None:
        """`routes`: the paths that take in headlines, and under which route each is counted."""
        self._service = service
        self._routes = routes
        self._ledger = ledger

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is turned away, already counted and logged; None lets it in."""
        route = self._routes.get(get_route_path(scope))
        if route is None or scope["method"] != "POST":
            return None
        try:
            self._service.admit()
        except OverloadedError as error:
            return self._refuse(error, scope, route)
        return None

    def malformed(self, error: ApiError, seconds: float) -> Response:
        """`malformed`, counted and logged; `seconds`: since the first came."""
        answer = malformed(error)
        self.rejected(error.reason)
        request = {"request_id": answer.headers["x-request-id"], "method": ""}
        self._ledger.enter(request, "other", answer.status_code, seconds)
        return answer

    def rejected(self, reason: str | None) -> None:
        """Count what was given up in `topics_rejected_total`; None is a fault of the request, not counted there."""
        if reason:
            self._service.metrics.rejected.labels(reason).inc()

    def _refuse(self, error: OverloadedError, scope: Scope, route: str) -> Response | None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        if b"origin" in headers or self._service.phase == "draining" or not self._opens(scope):
            return None
        scope["request_id"] = request_id(headers)
        answer = problem(error, scope["path"], scope["request_id"], get_route_path(scope))
        answer.headers["x-request-id"] = scope["request_id"]
        self._service.metrics.rejected.labels(error.reason).inc()
        self._ledger.enter(scope, route, answer.status_code, time.perf_counter() - started)
        return answer

    def _opens(self, scope: Scope) -> bool:
        try:
            self._service.authenticate(scope["headers"])
        except UnauthorizedError:
            return False
        return True
