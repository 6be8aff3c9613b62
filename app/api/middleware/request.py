"""Request middleware, the outermost: request ID, authentication, timing, recording, errors as problems."""

import errno
import logging
import sys
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.middleware.auth import Authenticate
from app.api.middleware.cors import Cors
from app.api.problems import problem
from app.api.raw_route import RawRoute
from app.api.route_template import has_extra_trailing_slash, route_template
from app.classifier import ClassifierError
from app.control_characters import has_control_character
from app.errors import ApiError, ClientGoneError, FileLimitError, MalformedRequestError
from app.serving.service import Service
from app.telemetry.recorder import RequestRecorder
from app.telemetry.request_context import RequestContext, context_of
from app.web.problem_page import for_browsers

_NO_FILES = (errno.EMFILE, errno.ENFILE)
_NO_STORE = (b"cache-control", b"no-store")
"""For GET and HEAD. A proxy that caches what does not forbid it, such as Varnish for two minutes, would answer probes
itself, and would send clients without an API key what it stored for one with X-API-Key."""

logger = logging.getLogger(__name__)


class RequestMiddleware:
    """Creates the RequestContext of every request, records it, and converts every exception to a problem response.

    Pure ASGI, because Starlette's BaseHTTPMiddleware costs a task and two memory streams per request.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        direct: Mapping[str, RawRoute],
        recorder: RequestRecorder,
        authenticate: Authenticate | None,
    ) -> None:
        """`direct`: routes of POST paths, called without the router, which would match its routes one by one."""
        settings = service.settings
        self._app = app
        self._service = service
        self._direct = direct
        self._recorder = recorder
        self._authenticate = authenticate
        self._cors = Cors(self._answer_cors, settings.cors_origins) if settings.cors_origins else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, _without_startup_traceback(send))
            return
        context = RequestContext.begin(scope)
        added = [(b"x-request-id", context.request_id.encode())]
        if self._service.phase == "draining":
            added.append((b"connection", b"close"))  # the client's next request must reach another process

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                message["headers"] = headers = [*message.get("headers", ()), *added]
                if context.method in ("GET", "HEAD") and all(name != b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)  # the page has its own
            await send(message)

        try:
            if self._cors is None:
                await self._answer(scope, receive, send_with_headers, context)
            else:
                await self._cors(scope, receive, send_with_headers)
        finally:
            if not context.route:
                context.route = route_template(scope, context.path, context.status)
            context.finish()
            self._recorder.record(context)

    async def _answer_cors(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send, context_of(scope))

    async def _answer(self, scope: Scope, receive: Receive, send: Send, context: RequestContext) -> None:
        try:
            direct = self._direct.get(context.path)
            if direct is not None:
                context.route = context.path
                if context.method == "POST":
                    if self._authenticate is not None:  # for all other routes, `Authentication` does this
                        self._authenticate(scope["headers"])
                    await direct.answer(scope, receive, send, context)
                    return
            _refuse_control_characters(scope["path"])
            if context.method == "HEAD":
                send = _without_body(send)
                await self._answer_head(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        except ClientGoneError:
            self._recorder.count_refusal("client_gone")
        except Exception as raised:
            if context.status:
                raise  # the response has already started
            await self._refusal(raised, scope, context)(scope, receive, send)

    def _refusal(self, raised: Exception, scope: Scope, context: RequestContext) -> Response:
        """The problem for an exception. Not part of `_answer`, whose frame is in the exception's traceback.

        A local name for the exception there would be a reference cycle, in which the request's body (8 MiB) would be
        held until the next full garbage collection.
        """
        if isinstance(raised, OSError) and raised.errno in _NO_FILES:
            raised = FileLimitError(
                "No file can be opened because the limit of open files is reached; try again in a second."
            )
        extra_slash = isinstance(raised, HTTPException) and has_extra_trailing_slash(scope, context.path)
        answer = problem(raised, scope["path"], context.request_id, context.path, extra_slash=extra_slash)
        if answer.status_code == 500:
            logger.error("a request failed", exc_info=raised, extra={"request_id": context.request_id})
        if isinstance(raised, ApiError):
            self._recorder.count_refusal(raised.reason)
        return for_browsers(answer, scope)

    async def _answer_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle HEAD as GET, so that no route has to declare it; `send` drops the body."""
        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, send)
        finally:
            scope["route"] = as_get.get("route")


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _refuse_control_characters(path: str) -> None:
    # Starlette's patterns end in `$`, which also matches before a trailing line feed: "/predict\n" would reach a route.
    if has_control_character(path):
        raise MalformedRequestError("The path contains a control character; no path of this service does.")


def _without_startup_traceback(send: Send) -> Send:
    """Wrap the lifespan's `send`: a startup that fails with a ClassifierError logs its message without a traceback."""

    async def send_message_only(message: Message) -> None:
        error = sys.exc_info()[1]  # Starlette calls `send` inside its except block
        if message["type"] == "lifespan.startup.failed" and isinstance(error, ClassifierError):
            message["message"] = str(error)
        await send(message)

    return send_message_only
