"""`python -m tests.operation.attacks PORT NAME SECONDS`: clients that make a service use as much as possible."""

import json
import selectors
import socket
import sys
import time
from contextlib import suppress
from typing import NamedTuple

INFER = "/v2/models/headlines/infer"
MIB = 1024 * 1024
BODY = 8 * MIB - 4096
"""Almost the largest body that the default settings allow."""


class Attack(NamedTuple):
    """The bytes that each client sends, again on a new connection when the service closes the previous one."""

    clients: int
    sent: bytes
    reads: bool = True
    """Whether the client reads its answers and then sends the next request."""


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def infer(outputs: object, data: object = ("oil",), shape: object = (1,), name: str = "headline") -> bytes:
    tensor = {"name": name, "datatype": "BYTES", "shape": shape, "data": data}
    return post(INFER, json.dumps({"inputs": [tensor], "outputs": outputs}).encode())


def fill(start: bytes, piece: bytes, end: bytes) -> bytes:
    """A body of almost the maximum size."""
    return start + piece * ((BODY - len(start) - len(end)) // len(piece)) + end


HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HEADLINES = [f"Oil prices rise as OPEC cuts crude output, gold and wheat {number}" for number in range(1000)]
BATCH = post("/predict/batch", json.dumps({"headlines": HEADLINES, "top_k": 46}).encode())
WORDS = " ".join(f"oil{number}" if number % 2 else "gold" for number in range(200))
LONG = json.dumps({"headlines": ["oil gold " * 2200] * 400, "top_k": 46}).encode()
PROBABILITIES = {"name": "probabilities"}

ATTACKS = {
    "bodies in arrival": Attack(150, HEAD + b"Content-Length: 8388608\r\n\r\n" + b" " * 8_388_000, reads=False),
    "bodies of a route that takes none": Attack(
        50, b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n" + b" " * 8_388_000, reads=False
    ),
    "tiny chunks": Attack(20, CHUNKED + b"1\r\n \r\n" * 1_000_000, reads=False),
    "trailers": Attack(5, CHUNKED + b"0\r\n" + b"a: b\r\n" * 2_000_000, reads=False),
    "one trailer": Attack(5, CHUNKED + b"0\r\na: " + b"b" * 12_000_000, reads=False),
    "half a head": Attack(1500, HEAD + b"a:b\r\n" * 90, reads=False),
    "pipelines that are not read": Attack(100, b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n" * 30_000, reads=False),
    "pipelines of batches that are not read": Attack(20, BATCH * 20, reads=False),
    "large batches that are not read": Attack(300, BATCH, reads=False),
    "large batches": Attack(100, BATCH),
    "batches of long texts": Attack(50, post("/predict/batch", LONG)),
    "an output asked for 1,000 times": Attack(50, infer([PROBABILITIES] * 1000, HEADLINES, [1000])),
    "an output asked for 300,000 times": Attack(20, infer([PROBABILITIES] * 300_000)),
    "all outputs of large batches": Attack(
        100,
        infer([PROBABILITIES, {"name": "topic"}, {"name": "abstained"}, {"name": "probability"}], HEADLINES, [1000]),
        reads=False,
    ),
    "explanations": Attack(
        300, post("/predict", json.dumps({"headline": WORDS, "explain": True, "top_k": 46}).encode())
    ),
    "top_k of 8 MB": Attack(20, post("/predict", fill(b'{"headline":"oil","top_k":', b"1", b"}"))),
    "fraction of 8 MB": Attack(20, post("/predict", fill(b'{"headline":"oil","top_k":1.', b"1", b"}"))),
    "unknown field of 8 MB": Attack(20, post("/predict", fill(b'{"headline":"oil","', b"k", b'":1}'))),
    "a million unknown fields": Attack(
        20,
        post("/predict", b'{"headline":"oil",' + b",".join(b'"%d":1' % number for number in range(700_000)) + b"}"),
    ),
    "headline of 8 MB": Attack(20, post("/predict", fill(b'{"headline":"', b"oil ", b'"}'))),
    "batch of millions of empty texts": Attack(20, post("/predict/batch", fill(b'{"headlines":["oil"', b',""', b"]}"))),
    "batch of millions of numbers": Attack(20, post("/predict/batch", fill(b'{"headlines":[0', b",0", b"]}"))),
    "deep arrays": Attack(20, post("/predict/batch", fill(b'{"headlines":', b"[", b"]}"))),
    "input name of 8 MB": Attack(20, infer([], name="x" * BODY)),
    "millions of inputs": Attack(20, post(INFER, fill(b'{"inputs":[{}', b",{}", b"]}"))),
    "tensor of millions of numbers": Attack(20, infer([], [0] * 2_700_000)),
    "tensor of millions of lists": Attack(
        20,
        post(
            INFER,
            fill(b'{"inputs":[{"name":"headline","datatype":"BYTES","shape":[1],"data":[[]', b",[]", b"]}]}"),
        ),
    ),
    "shape of millions of numbers": Attack(20, infer([], shape=[1] * 2_700_000)),
    "paths of 60 kB": Attack(100, b"GET /" + b"%C3%A9" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
}


class Client:
    """One client, with one connection at a time."""

    def __init__(self, port: int, attack: Attack, selector: selectors.BaseSelector) -> None:
        self.port, self.attack, self.selector = port, attack, selector
        self.connect()

    def connect(self) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.left = memoryview(self.attack.sent)
        self.socket.connect_ex(("127.0.0.1", self.port))
        self.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def act(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and self.left:
                self.left = self.left[self.socket.send(self.left[:MIB]) :]
                if not self.left:
                    wanted = selectors.EVENT_READ if self.attack.reads else 0
                    self.wait_for(wanted)
            elif events & selectors.EVENT_READ and self.attack.reads:
                if not self.socket.recv(4 * MIB):
                    self.again()
                elif not self.left:
                    self.again()  # an answer has begun
            elif events & selectors.EVENT_READ:
                self.wait_for(selectors.EVENT_WRITE)  # never read
        except BlockingIOError:
            pass
        except OSError:
            self.again()

    def wait_for(self, events: int) -> None:
        self.selector.unregister(self.socket)
        if events:
            self.selector.register(self.socket, events, self)

    def again(self) -> None:
        with suppress(KeyError):
            self.selector.unregister(self.socket)
        self.socket.close()
        self.connect()


def run(port: int, attack: Attack, seconds: float) -> None:
    """All clients concurrently, until the time is over."""
    with selectors.DefaultSelector() as selector:
        clients = [Client(port, attack, selector) for _ in range(attack.clients)]
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for key, events in selector.select(min(left, 0.1)):
                key.data.act(events)
        for one in clients:
            one.socket.close()


if __name__ == "__main__":
    for line in sys.stdin:
        run(int(sys.argv[1]), ATTACKS[line.strip()], float(sys.argv[2]))
        print("done", flush=True)
