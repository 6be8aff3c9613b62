"""Requests of all kinds, valid or not, and what the application does with each."""

import random
from dataclasses import dataclass

ENDLESS = ("disconnect",)
CUT = ("start_raise",)
"""Scripts of answers that never come, and that are not complete."""
SCRIPTS = (*["read"] * 4, *["early", "late", "late_early", "late_read"] * 2, *ENDLESS, *CUT)
SCRIPTS += ("raise", "chunked", "large", "late_pieces", "watch", "close", "start_read", "status_204")

FAULTS = {
    "no host": b"",
    "two hosts": b"Host: x\r\nHost: x\r\n",
    "bad header": b"Host: x\r\nA : b\r\n",
    "expectation": b"Host: x\r\nExpect: tea\r\n",
    "long head": b"Host: x\r\nA: %b\r\n" % bytes(2000).replace(b"\0", b"a"),
}


@dataclass(frozen=True)
class ScriptedRequest:
    """One request; `raw` are its bytes, and `size` the number of bytes of its body."""

    name: str
    method: str
    script: str
    size: int
    valid: bool
    raw: bytes


def random_request(choose: random.Random, name: str) -> ScriptedRequest:
    method, script = choose.choice(("GET", "POST", "POST", "HEAD")), choose.choice(SCRIPTS)
    fault = choose.choice((*FAULTS, *[None] * 60))
    old = fault is None and choose.random() < 0.05
    head = b"%b /%b/%b HTTP/1.%d\r\n" % (method.encode(), script.encode(), name.encode(), not old)
    head += b"Host: x\r\n" if fault is None else FAULTS[fault]
    if choose.random() < 0.1:
        head += choose.choice((b"Connection: close\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"))
    if choose.random() < 0.1:
        head += b"Expect: 100-continue\r\n"
    size = choose.choice((0, 1, 18, 120, 300, 900, 2500, 3500))
    chunk = choose.choice((0, 0, 1, 9, 40, 700))
    if old or choose.random() < 0.15:
        size, body = 0, b"\r\n"
    elif not chunk:
        body = b"Content-Length: %d\r\n\r\n%b" % (size, (b'{"a":"\r\n\r\n"}' * size)[:size])
    else:
        sizes = [min(chunk, size - begin) for begin in range(0, size, chunk)]
        body = b"Transfer-Encoding: chunked\r\n\r\n"
        body += b"".join(b"%x\r\n%b\r\n" % (length, (b"\r\n\r\n" * length)[:length]) for length in sizes)
        body += b"0\r\n\r\n"
    return ScriptedRequest(name, method, script, size, fault is None, head + body)
