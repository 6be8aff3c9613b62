"""Request body: reads it up to a limit, and parses and validates it as JSON."""

from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.types import Receive

from app.api.field_errors import NOWHERE, unknown_fields, with_unknown_fields
from app.errors import BodyTooLargeError, ClientGoneError, MediaTypeError, NotJsonError, quoted
from app.serving.parse_turns import TURN_BYTES, ParseTurns

MAX_JSON_SEPARATORS = 500_000
"""Maximum number of opening brackets, commas and colons. Parsing blocks the event loop for up to 1 us for each (see
`ParseTurns`); a body of 8 MiB of ordinary texts has a fifth of this number."""

_WORDS = {
    "invalid unicode code point": "a character is not valid UTF-8",
    "unexpected end of hex escape": "an escape is one half of a surrogate pair, without the other",
    "lone leading surrogate in hex escape": "an escape is one half of a surrogate pair, without the other",
}
"""Reason as the JSON parser words it -> the same for a caller."""


def raise_if_unsupported_media_type(headers: Mapping[bytes, bytes], other: bytes = b"application/json") -> None:
    """Raises MediaTypeError if the headers declare compression, or a type that is neither JSON nor `other`."""
    content_type = headers.get(b"content-type", b"application/json")
    if content_type != b"application/json":
        essence = content_type.partition(b";")[0].strip().lower()
        if essence not in (b"application/json", other) and not essence.endswith(b"+json"):
            shown = quoted(essence.decode("latin-1"))
            raise MediaTypeError(f"The Content-Type is {shown}; send application/json.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise MediaTypeError("The body is compressed; send it without Content-Encoding.")


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read the request body. Its timeout is that of this service's server, in `app.server.http.bounded_connection`.

    Raises:
        BodyTooLargeError: as soon as more than `limit` bytes have arrived, whatever Content-Length says.
        ClientGoneError: the client disconnected before the end of the body.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= limit and message["type"] == "http.request":
        return body
    parts = [body]
    size = len(body)
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGoneError("The client disconnected before the end of the body.")
        if size > limit:
            raise body_too_large(limit)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])


def body_too_large(limit: int) -> BodyTooLargeError:
    """The error for a body of more than `limit` bytes."""
    return BodyTooLargeError(f"The body has more than {limit:,} bytes; send it in parts.")


async def parse_in_turn(
    turns: ParseTurns,
    validate: Callable[[bytes], Any],
    body: bytes,
    *,
    fields: Collection[str] = (),
    elsewhere: Mapping[str, str] = NOWHERE,
) -> Any:  # noqa: ANN401 - what `validate` makes
    """`parse_body`, a long body in its turn; raises OverloadedError, too."""
    if len(body) < TURN_BYTES:
        return parse_body(validate, body, fields, elsewhere)
    await turns.wait()
    with turns.turn():
        return parse_body(validate, body, fields, elsewhere)


def parse_body(
    validate: Callable[[bytes], Any],
    body: bytes,
    fields: Collection[str] = (),
    elsewhere: Mapping[str, str] = NOWHERE,
) -> Any:  # noqa: ANN401 - what `validate` makes
    """Parse and validate a JSON body.

    `fields`: the allowed fields. If empty, unknown fields are ignored. `elsewhere`: as for `unknown_fields`.

    Raises:
        BodyTooLargeError: more than MAX_JSON_SEPARATORS opening brackets, commas and colons.
        NotJsonError: the body is not JSON.
        ValidationError: a field has a wrong value, is missing, or is unknown.
    """
    if len(body) > MAX_JSON_SEPARATORS and len(body) - len(body.translate(None, b"[{,:")) > MAX_JSON_SEPARATORS:
        raise BodyTooLargeError(
            f"The body has more than {MAX_JSON_SEPARATORS:,} opening brackets, commas and colons; split it."
        )
    try:
        parsed = validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise _not_json(body, first["msg"].removeprefix("Invalid JSON: ")) from None
        if fields:
            raise with_unknown_fields(error, body, fields, elsewhere) from None
        raise
    if fields and parsed.__pydantic_extra__:
        raise unknown_fields(parsed.__pydantic_extra__, fields, elsewhere)
    return parsed


def _not_json(body: bytes, reason: str) -> NotJsonError:
    """The error for a body that is not JSON; `reason`: what the parser says, with line and column."""
    if not body.strip():
        return NotJsonError("The body is empty; send a JSON object.")
    if body.startswith(BOM_UTF8):  # written by editors and shells on Windows
        return NotJsonError("The body begins with a byte order mark; send UTF-8 without one.")
    if b"\0" in body[:4]:
        return NotJsonError("The body is encoded as UTF-16 or UTF-32; send it as UTF-8.")
    words, _, place = reason.partition(" at line ")
    return NotJsonError(f"The body is not JSON: {_WORDS.get(words, words)} at line {place}.")
