"""The outermost layer: every request gets an ID, and every error the problem that the table says."""

import logging
import re
import secrets
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import ClientGoneError
from app.api.problems import problem

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")

logger = logging.getLogger(__name__)


class Envelope:
    """Pure ASGI, because Starlette's BaseHTTPMiddleware costs a task and two streams a request."""

    def __init__(self, app: ASGIApp, direct: Mapping[str, ASGIApp]) -> None:
        """`direct`: the apps of POST paths that go past the router, which would try its routes one by one."""
        self._app = app
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = self._request_id(scope)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        app = self._direct.get(scope["path"], self._app) if scope["method"] == "POST" else self._app
        try:
            await app(scope, receive, send_with_id)
        except ClientGoneError:
            return
        except Exception as error:
            if started:
                raise
            answer = problem(error, scope["path"], request_id)
            if answer.status_code == 500:
                logger.exception("A request failed", extra={"request_id": request_id})
            await answer(scope, receive, send_with_id)

    @staticmethod
    def _request_id(scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _WELL_FORMED.fullmatch(value):
                taken: str = value.decode("ascii")
                return taken
        return secrets.token_hex(16)
