"""Routes whose bodies go from bytes to a model and from an answer to bytes in pydantic-core, with nothing between.

FastAPI documents them like any other route, out of the same models; what it would do at run time (parse
JSON to dicts, validate, solve dependencies, validate and serialise the response model) costs several times
the prediction itself: `docs/decisions/0003-bytes-routes.md`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.api.errors import BodyTooLargeError, MediaTypeError, NotJsonError, SlowRequestError

BODY_SECONDS = 10.0
"""A body that takes longer to arrive is given up."""


class BytesRoute(APIRoute):
    """A POST route around `async def endpoint(query: Model, request: Request) -> bytes`."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        query: type[BaseModel],
        max_body_bytes: int,
        **documentation: Any,  # noqa: ANN401 - APIRoute's own
    ) -> None:
        """`query`: the endpoint's model with the operator's limits in it."""
        endpoint.__annotations__["query"] = query  # where FastAPI looks for what to document
        super().__init__(path, endpoint, methods=["POST"], **documentation)
        self._validate = query.__pydantic_validator__.validate_json
        self._respond: Callable[..., Awaitable[bytes]] = endpoint
        self._max_body_bytes = max_body_bytes
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_media_type(scope)
        body = await read_body(receive, self._max_body_bytes)
        try:
            query = self._validate(body)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise NotJsonError(f"The body is not JSON: {error.errors(include_url=False)[0]['msg']}.") from None
            raise
        answer = await self._respond(query, Request(scope, receive))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": self.status_code or 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def check_media_type(scope: Scope) -> None:
    """Raises MediaTypeError unless the body is uncompressed JSON, or says nothing about itself."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            essence = value.partition(b";")[0].strip().lower()
            if essence != b"application/json" and not essence.endswith(b"+json"):
                shown = essence.decode("latin-1")
                raise MediaTypeError(f"The body is said to be {shown!r}; send it as application/json.")
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            raise MediaTypeError("The body is compressed; send it without Content-Encoding.")


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request's body.

    Raises:
        BodyTooLargeError: as soon as more than `limit` bytes have come, whatever Content-Length says.
        SlowRequestError: it did not come within BODY_SECONDS.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await receive()
            body: bytes = message.get("body", b"")
            parts = [body]
            size = len(body)
            while message.get("more_body", False) and size <= limit:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
    except TimeoutError:
        raise SlowRequestError(f"The body did not arrive within {BODY_SECONDS:g} seconds; send it again.") from None
    if size > limit:
        raise BodyTooLargeError(f"The body has more than {limit:,} bytes; send it in parts.")
    return body if len(parts) == 1 else b"".join(parts)
