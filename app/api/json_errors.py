"""Errors for bodies that are not JSON, with the parser's reason in words that a caller knows."""

from codecs import BOM_UTF8

from app.errors import NotJsonError

_WORDS = {
    "invalid unicode code point": "a character is not valid UTF-8",
    "unexpected end of hex escape": "an escape is one half of a surrogate pair, without the other",
    "lone leading surrogate in hex escape": "an escape is one half of a surrogate pair, without the other",
}
"""Reason as the JSON parser words it -> the same for a caller."""


def not_json(body: bytes, reason: str) -> NotJsonError:
    """The error for a body that is not JSON; `reason`: what the parser says, with line and column."""
    if not body.strip():
        return NotJsonError("The body is empty; send a JSON object.")
    if body.startswith(BOM_UTF8):  # written by editors and shells on Windows
        return NotJsonError("The body begins with a byte order mark; send UTF-8 without one.")
    if b"\0" in body[:4]:
        return NotJsonError("The body is encoded as UTF-16 or UTF-32; send it as UTF-8.")
    words, _, place = reason.partition(" at line ")
    return NotJsonError(f"The body is not JSON: {_WORDS.get(words, words)} at line {place}.")
