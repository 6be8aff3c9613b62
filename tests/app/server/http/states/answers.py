"""Answers on a connection, as its client reads them."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.app.server.http.states.scripted_request import ScriptedRequest


class Answer(NamedTuple):
    """`name`: of the request; None: the server's own answer. `closes`: whether it has Connection: close."""

    status: int
    name: str | None
    closes: bool
    complete: bool
    body: bytes


def read_answers(written: bytes, requests: Sequence[ScriptedRequest]) -> list[Answer]:
    """All answers but 100 Continue; raises an error if the bytes are not HTTP."""
    methods = {request.name: request.method for request in requests}
    answers: list[Answer] = []
    while written:
        head, end, written = written.partition(b"\r\n\r\n")
        assert end, "a head is cut"
        first, *lines = head.split(b"\r\n")
        assert first.startswith(b"HTTP/1.1 "), first
        status = int(first.split()[1])
        if status == 100:
            continue
        headers = dict(line.split(b": ", 1) for line in lines)
        assert len(headers) == len(lines), lines
        name = headers[b"x-name"].decode() if b"x-name" in headers else None
        head_of = name or next((one.name for one in requests[len(answers) :]), None)
        is_head = methods.get(head_of) == "HEAD" and (name is not None or not written or written[:4] == b"HTTP")
        if is_head or status == 204:
            body, complete = b"", True
        elif headers.get(b"transfer-encoding") == b"chunked":
            body, complete, written = _chunked(written)
        else:
            length = int(headers[b"content-length"])
            body, written = written[:length], written[length:]
            complete = len(body) == length
        answers.append(Answer(status, name, headers.get(b"connection") == b"close", complete, body))
    return answers


def _chunked(written: bytes) -> tuple[bytes, bool, bytes]:
    """The body, whether it is complete, and what follows."""
    body = b""
    while True:
        line, end, rest = written.partition(b"\r\n")
        if not end or len(rest) < (length := int(line, 16)) + 2:
            return body, False, b""
        body += rest[:length]
        assert rest[length : length + 2] == b"\r\n"
        written = rest[length + 2 :]
        if not length:
            return body, True, written
