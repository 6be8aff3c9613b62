"""Bodies that arrive in pieces, hold too much, or are not JSON."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.request_body import MAX_JSON_SEPARATORS, parse_body, read_body
from app.errors import BodyTooLargeError, ClientGoneError

V2 = "/v2/models/tiny/infer"
HALF = "The body is not JSON: an escape is one half of a surrogate pair, without the other at line 1 column "


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
    assert parse_body(len, most) == len(most)
    with pytest.raises(BodyTooLargeError, match="more than 500,000 opening brackets, commas and colons"):
        parse_body(len, most + b",")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty; send a JSON object."),
        (b" \r\n", "The body is empty; send a JSON object."),
        (b'{"headline":"caf\xe9"}', "The body is not JSON: a character is not valid UTF-8 at line 1 column 17."),
        ('{"headline":"oil"}'.encode("utf-16"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        ('{"headline":"oil"}'.encode("utf-16-le"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        ('{"headline":"oil"}'.encode("utf-32"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        (b'{"a"\0:1}', "The body is not JSON: expected `:` at line 1 column 5."),
        (b'{"headline":"\\ud800"}', HALF + "20."),
        (b'{"headline":"\\udc00"}', HALF + "19."),
        (b"headline=oil", "The body is not JSON: expected value at line 1 column 1."),
        (b'\xef\xbb\xbf{"headline":"oil"}', "The body begins with a byte order mark; send UTF-8 without one."),
    ],
)
@pytest.mark.parametrize("path", ["/predict", V2])
def test_body_that_is_not_json_is_400_that_says_why(client: TestClient, path: str, body: bytes, detail: str):
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["type"] == "urn:topics:problem:not-json"
    assert reply.json()["detail"] == detail


@pytest.mark.parametrize("value", ["3.0", '"3"', "true", "null"])
def test_number_that_is_not_a_json_integer_is_told_how_to_write_it(client: TestClient, value: str):
    reply = client.post("/predict", content=b'{"headline":"oil","top_k":%s}' % value.encode())
    assert reply.json()["detail"] == "top_k: must be a whole number, without quotes or decimal point."
