"""Routes that read and write bytes: pydantic-core parses and validates the body, the endpoint returns JSON.

FastAPI documents these routes from the same models as any other route. At run time they bypass its request handling
(JSON to dicts, dependencies, validation and serialization of the response model), which costs several times the
prediction itself: `docs/decisions/0003-bytes-routes.md`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.api.field_errors import NOWHERE
from app.api.model_parameter import model_parameter
from app.api.request_body import body_too_large, parse_in_turn, raise_if_unsupported_media_type, read_body
from app.serving.parse_turns import ParseTurns
from app.telemetry.request_context import RequestContext, context_of

Respond = Callable[[Any, RequestContext, Receive], Awaitable[bytes]]
"""Takes the validated body, the request's context, to which it may add response headers, and ASGI's `receive`."""


class Handler(NamedTuple):
    """What answers the requests for one model in service."""

    validate: Callable[[bytes], Any]
    """Returns the body of a request, with the limits of that model; raises ValidationError."""
    respond: Respond


class RawRoute(APIRoute):
    """A POST route whose endpoint gets a validated body and returns bytes.

    The endpoint's docstring is the description in OpenAPI.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Awaitable[bytes]],
        *,
        model: type[BaseModel],
        max_body_bytes: int,
        admit: Callable[[int], None],
        turns: ParseTurns,
        handler: Callable[[str | None], Handler],
        elsewhere: Mapping[str, str] = NOWHERE,
        **documentation: Any,  # noqa: ANN401 - APIRoute's own
    ) -> None:
        """Prepare the route.

        Args:
            path: of the route.
            endpoint: its name and docstring document the route; called by the handlers only.
            model: pydantic model of the request body, with the operator's limits.
            max_body_bytes: of the settings.
            admit: raises OverloadedError at capacity. Called with the Content-Length before the body is read, so that
                a refusal costs little under overload.
            turns: in which bodies are parsed; common to all routes.
            handler: returns the handler of requests with this query parameter `model`, None without it; raises
                UnknownModelError. Called once for each of its values that has one.
            elsewhere: path of the endpoint to which a field belongs that callers send here by mistake.
            documentation: APIRoute's own.
        """

        def documented(body: Any) -> None:  # noqa: ANN401 - replaced below
            """FastAPI generates the documentation from this function and never calls it."""

        documented.__annotations__["body"] = model
        documented.__name__, documented.__doc__ = endpoint.__name__, endpoint.__doc__
        super().__init__(path, documented, methods=["POST"], **documentation)
        self._handler = handler
        self._handlers: dict[str | None, Handler] = {}
        self._fields = tuple(model.model_fields)
        self._elsewhere = elsewhere
        self._max_body_bytes = max_body_bytes
        self._admit = admit
        self._turns = turns
        self.app = self._routed

    def clear_handlers(self) -> None:
        """Forget the handlers, because other models have been loaded."""
        self._handlers.clear()

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called by the router."""
        context = context_of(scope)
        context.path_params = scope["path_params"]
        await self.answer(scope, receive, send, context)

    async def answer(self, scope: Scope, receive: Receive, send: Send, context: RequestContext) -> None:
        """Answer one request; exceptions are raised to the caller."""
        self._raise_if_refused(context)
        name = model_parameter(scope, self._fields) if scope["query_string"] else None
        validate, respond = self._handlers.get(name) or self._handlers.setdefault(name, self._handler(name))
        raise_if_unsupported_media_type(context.headers)
        content = await read_body(receive, self._max_body_bytes)
        context.body_read = time.monotonic()
        body = await parse_in_turn(self._turns, validate, content, fields=self._fields, elsewhere=self._elsewhere)
        del content  # otherwise it would stay in memory until the response is sent
        await send_answer(send, await respond(body, context, receive), context)

    def _raise_if_refused(self, context: RequestContext) -> None:
        """Refuse a request by its headers: before its body is read, for which uvicorn sends 100 Continue.

        Raises:
            BodyTooLargeError: Content-Length is above the limit, and the client waits for 100 Continue. The body of any
                other client is read up to the limit, because servers such as Ray Serve's proxy close the connection
                after an early answer, so that the client, which is still sending, would see a reset in its place.
            OverloadedError: see `admit`.
        """
        if context.content_length > self._max_body_bytes and b"expect" in context.headers:
            raise body_too_large(self._max_body_bytes)
        self._admit(context.content_length)


async def send_answer(send: Send, answer: bytes, context: RequestContext) -> None:
    """Send a complete response with status 200, and the content type, timing and extra headers of its context."""
    headers = [(b"content-type", context.content_type), (b"content-length", b"%d" % len(answer))]
    if context.inference_seconds is not None:
        encoding, predicting = context.inference_seconds
        timing = b"encode;dur=%.3f, predict;dur=%.3f" % (encoding * 1000, predicting * 1000)
        headers.append((b"server-timing", timing))
    headers += context.response_headers
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
