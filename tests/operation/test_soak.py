"""Mixed traffic with reloads, killed workers and broken clients: no wrong answer, none lost, no undocumented status.

SOAK_SECONDS=600 makes it longer.
"""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from app.classifier import load_classifier
from app.main import create_app
from app.settings import load_settings
from tests.operation.load import post
from tests.server import ROOT, RunningServer

SECONDS = float(os.environ.get("SOAK_SECONDS", "12"))
BUNDLE = ROOT / "models" / "headlines" / "7"
CLIENTS = 8
AFTER_KILL = 3.0
"""Seconds after a worker was killed in which its connections break and another takes its place."""
OFTEN = 4.0
"""Seconds between two disturbances: SIGHUP, or SIGKILL to a worker."""
SUBJECTS = ["Oil prices rise", "Wheat and corn", "OPEC cuts output", "Gold miners", "Bank of Japan", "qwertz", "Ünï"]
INFER = "/v2/models/headlines/infer"


class Request(NamedTuple):
    """A request and its expected answer."""

    name: str
    sent: bytes
    status: int
    body: bytes | None
    """None: not compared, because it contains the request's ID or is empty."""
    head: bool = False


def texts(chance: random.Random) -> list[str]:
    return [f"{chance.choice(SUBJECTS)} {chance.choice(SUBJECTS)} {number % 7}" for number in range(200)]


def binary(values: list[str]) -> tuple[bytes, dict[str, str]]:
    raw = b"".join(len(one.encode()).to_bytes(4, "little") + one.encode() for one in values)
    parameters = {"binary_data_size": len(raw)}
    tensor = {"name": "headline", "datatype": "BYTES", "shape": [len(values)], "parameters": parameters}
    outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    head = json.dumps({"id": "soak", "inputs": [tensor], "outputs": outputs}).encode()
    return head + raw, {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}


def requests() -> list[Request]:
    """With the answers of the same app in this process, whose topics are compared with the classifier's."""
    chance = random.Random(15)
    made: list[Request] = []
    classifier = load_classifier(BUNDLE)
    with TestClient(create_app(load_settings(model=BUNDLE, access_log=False))) as app:

        def add(name: str, method: str, path: str, body: bytes | None, headers: dict[str, str] | None = None) -> Any:
            given = {"Content-Type": "application/json"} | (headers or {}) if body is not None else {}
            reply = app.request(method, path, content=body, headers=given)
            lines = "".join(f"{key}: {value}\r\n" for key, value in given.items())
            length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
            sent = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}{length}\r\n".encode() + (body or b"")
            compared = reply.content if reply.status_code == 200 and method == "POST" else None
            made.append(Request(name, sent, reply.status_code, compared, method == "HEAD"))
            return reply

        pool = texts(chance)
        for text in pool[:60]:
            [expected] = classifier.classify([text], 5)
            answered = add("single", "POST", "/predict", json.dumps({"headline": text}).encode()).json()["predictions"]
            assert [one["label"] for one in answered] == list(expected.labels)
            assert [one["probability"] for one in answered] == pytest.approx(list(expected.probabilities), abs=1e-6)
            add("explain", "POST", "/predict", json.dumps({"headline": text, "explain": True}).encode())
        for size in (1, 3, 17, 64, 200):
            body = json.dumps({"headlines": chance.sample(pool, size), "top_k": 7}).encode()
            add("batch", "POST", "/predict/batch", body)
            values = chance.sample(pool, size)
            tensor = {"name": "headline", "datatype": "BYTES", "shape": [size], "data": values}
            add("v2", "POST", INFER, json.dumps({"id": "soak", "inputs": [tensor]}).encode())
            content, headers = binary(values)
            add("v2 binary", "POST", INFER, content, headers)
        for path in ("/", "/model", "/topics", "/health/live", "/health/ready", "/metrics", "/docs", "/v2"):
            add("HEAD", "HEAD", path, None)
            add("GET", "GET", path, None)
        for wrong in (b"{", b"[]", b'{"headline":5}', b'{"headline":""}', b'{"headline":"oil","topk":3}', b"\xff"):
            add("wrong", "POST", "/predict", wrong)
        add("wrong", "POST", "/predict/batch", b'{"headlines":["oil",""]}')
        add("wrong", "GET", "/nothing", None)
        add("wrong", "GET", "/predict", None)
        add("wrong", "POST", INFER, b'{"inputs":[]}')
        add("wrong", "POST", "/predict", b"oil", {"Content-Type": "text/plain"})
    return made


class Soak:
    """Outcomes of all requests so far."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.until = time.monotonic() + seconds
        self.done: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.lost: list[str] = []
        self.broken_by_kill = self.again = self.kills = self.reloads = 0
        self.killed_at = 0.0

    def over(self) -> bool:
        return time.monotonic() >= self.until

    async def client(self, pool: list[Request], chance: random.Random) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self.over():
            request = chance.choice(pool)
            for attempt in range(3):
                fresh = streams is None
                begun = time.monotonic()
                try:
                    async with asyncio.timeout(30):
                        streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
                        keep = await self.exchange(request, *streams)
                except (OSError, EOFError, TimeoutError) as error:
                    if streams:
                        streams[1].close()
                    streams = None
                    if max(begun, self.killed_at) - self.killed_at < AFTER_KILL or begun < self.killed_at:
                        self.broken_by_kill += 1
                    elif not fresh and isinstance(error, OSError | EOFError) and attempt == 0:
                        self.again += 1  # the server closed an idle connection: clients retry
                    else:
                        self.lost.append(f"{request.name}: {type(error).__name__} {error} fresh={fresh}")
                        break
                else:
                    if not keep:
                        streams[1].close()
                        streams = None
                    break
        if streams:
            streams[1].close()

    async def exchange(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(request.sent)
        lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        status = int(lines[0][9:12])
        headers = dict(line.split(b": ", 1) for line in lines[1:-2])
        body = b"" if request.head else await reader.readexactly(int(headers[b"content-length"]))
        self.done[request.name] += 1
        self.statuses[status] += 1
        if status == 503 and b"retry-after" in headers:
            pass  # full or, for the readiness probe, draining
        elif status != request.status or (request.body is not None and body != request.body):
            self.wrong.append(f"{request.name}: {status} for {request.status}: {request.sent[-200:]!r} {body[:300]!r}")
        return headers.get(b"connection") != b"close"

    async def broken_client(self, chance: random.Random) -> None:
        single = post("/predict", {"headline": "oil"})
        while not self.over():
            with suppress(OSError, TimeoutError, EOFError):
                async with asyncio.timeout(20):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    match chance.randrange(5):
                        case 0:
                            writer.write(single[: chance.randrange(len(single))])
                        case 1:
                            writer.write(os.urandom(300) + b"\r\n\r\n")
                            await reader.read(1000)
                        case 2:
                            for byte in single:
                                writer.write(bytes([byte]))
                                await asyncio.sleep(0.02)
                            await reader.read(1000)
                        case 3:
                            writer.write(b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
                            await asyncio.sleep(0.5)
                        case _:
                            writer.write(single)
                    writer.transport.abort()
            await asyncio.sleep(chance.random() / 5)

    async def disturb(self, server: RunningServer, chance: random.Random) -> None:
        while not self.over():
            await asyncio.sleep(min(OFTEN, max(self.until - time.monotonic(), 0)))
            if self.over():
                return
            if self.kills <= self.reloads:
                self.killed_at = time.monotonic()
                os.kill(chance.choice(server.worker_pids()), signal.SIGKILL)
                self.kills += 1
            else:
                server.signal(signal.SIGHUP)
                self.reloads += 1

    async def run(self, server: RunningServer, pool: list[Request]) -> None:
        chance = random.Random(16)
        clients = [self.client(pool, random.Random(number)) for number in range(CLIENTS)]
        broken = [self.broken_client(random.Random(number)) for number in range(3)]
        await asyncio.gather(*clients, *broken, self.disturb(server, chance))


def documented() -> set[int]:
    with TestClient(create_app(load_settings(model=BUNDLE, access_log=False))) as app:
        paths = app.get("/openapi.json").json()["paths"]
    return {int(status) for path in paths.values() for one in path.values() for status in one["responses"]} | {404, 405}


@pytest.mark.slow
def test_soak_has_no_wrong_answer_and_loses_none():
    pool = requests()
    with RunningServer(BUNDLE, workers=2, drain_seconds=1, access_log=False) as server:
        soak = Soak(server.port, SECONDS)
        asyncio.run(soak.run(server, pool))
        server.wait_ready()
        memory = [
            int(Path(f"/proc/{pid}/statm").read_text().split()[1]) // 256 for pid in (server.pid, *server.worker_pids())
        ]
        print(
            f"\n{soak.done.total()} answers in {SECONDS:g} s {dict(soak.done)}, statuses {dict(soak.statuses)}; "
            f"{soak.kills} kills, {soak.reloads} reloads; {len(soak.wrong)} wrong, {len(soak.lost)} lost, "
            f"{soak.broken_by_kill} broken by a kill, {soak.again} sent again; MiB {memory}"
        )
        assert server.stop() == 0
    assert soak.wrong == []
    assert soak.lost == []
    assert set(soak.statuses) <= documented()
    assert soak.statuses[503] <= soak.done.total() / 10
    assert "Traceback" not in server.output
