"""read_body: a body that arrives in pieces; parse: what a body may hold."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.api.raw_route import MAX_JSON_SEPARATORS, parse, read_body
from app.errors import BodyTooLargeError, ClientGoneError


def read(pieces: Sequence[bytes | None], limit: int) -> tuple[bytes, int]:
    """The body read from these pieces (None: the client disconnects), and the number of pieces consumed."""
    messages: list[dict[str, Any]] = [
        {"type": "http.disconnect"}
        if piece is None
        else {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return messages[taken - 1]

    try:
        return asyncio.run(read_body(receive, limit)), taken
    except BodyTooLargeError as error:
        return str(error).encode(), taken


@pytest.mark.parametrize(
    "pieces", [[b"abcdef"], [b"ab", b"cdef"], [b"a", b"bc", b"def"], [b"", b"abcdef", b""], [b"abcdef", b""]]
)
def test_body_of_exactly_the_limit_is_read_whole(pieces: list[bytes]) -> None:
    assert read(pieces, 6) == (b"abcdef", len(pieces))


@pytest.mark.parametrize(
    ("pieces", "taken"),
    [
        ([b"abcdefg"], 1),
        ([b"abcdefg", b"h"], 1),
        ([b"a", b"bcdefg"], 2),
        ([b"abcd", b"e", b"fg", b"h"], 3),
        ([b"", b"abcdef", b"g", b"h"], 3),
    ],
)
def test_body_of_a_byte_more_is_refused_as_soon_as_it_has_come(pieces: list[bytes], taken: int) -> None:
    assert read(pieces, 6) == (b"The body has more than 6 bytes; send it in parts.", taken)


def test_empty_body_is_empty() -> None:
    assert read([b""], 0) == (b"", 1)


@pytest.mark.parametrize("pieces", [[None], [b"abc", None], [b"", b"abc", None]])
def test_client_that_disconnects_before_the_end_of_its_body_is_gone(pieces: list[bytes | None]) -> None:
    with pytest.raises(ClientGoneError, match="before the end of the body"):
        read(pieces, 6)


def test_body_of_too_many_separators_is_refused_before_it_is_parsed() -> None:
    most = b"[{,:" * (MAX_JSON_SEPARATORS // 4) + b" " * 100
    assert parse(len, most) == len(most)
    with pytest.raises(BodyTooLargeError, match="more than 500,000 opening brackets, commas and colons"):
        parse(len, most + b",")
