"""Load generator with little overhead: one request at a time per connection, or a fixed rate of requests."""

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

ROOM = 80
"""Number of connections whose batches of 500 are four times the default TOPICS_MAX_IN_FLIGHT."""

LOST = 0
"""Status of a request without an answer."""


@dataclass
class Tally:
    """Outcomes of requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """Latencies in seconds of those answered with 200, in order."""
    errors: list[str] = field(default_factory=list)
    without_retry_after: int = 0

    @property
    def failed(self) -> int:
        """Those that were not answered with 200."""
        return self.statuses.total() - self.statuses[200]

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        return sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


def post(path: str, body: object) -> bytes:
    """The bytes of a request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def get(path: str) -> bytes:
    """The bytes of a request."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


SINGLE = post("/predict", {"headline": "Oil prices rise as OPEC cuts crude output"})


class Connection:
    """A keep-alive connection that reconnects after `Connection: close`."""

    def __init__(self, port: int, tally: Tally) -> None:
        self.port = port
        self.tally = tally
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._last = 0.0
        """When the connection was opened or the last answer arrived on it."""

    async def ask(self, request: bytes) -> int:
        """The answer's status, LOST if there was none."""
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(30):
                status, headers = await self._exchange(request)
        except (OSError, EOFError, TimeoutError) as error:
            idle = begun - self._last if self._streams else 0.0
            self.tally.errors.append(
                f"{type(error).__name__} {error} after {time.perf_counter() - begun:.3f} s, on a connection that had"
                f" waited for {idle:.3f} s"
            )
            self.close()
            status, headers = LOST, {}
        self.tally.statuses[status] += 1
        if status == 200:
            self.tally.seconds.append(time.perf_counter() - begun)
        elif status == 503 and b"retry-after" not in headers:
            self.tally.without_retry_after += 1
        return status

    async def _exchange(self, request: bytes) -> tuple[int, dict[bytes, bytes]]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            self._last = time.perf_counter()
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in lines[1:-2])}
        await reader.readexactly(int(headers[b"content-length"]))
        self._last = time.perf_counter()
        if headers.get(b"connection") == b"close":
            self.close()
        return int(lines[0][9:12]), headers

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def steady(
    port: int, clients: int, stop: Callable[[], bool], tally: Tally, *, request: bytes, pause: float
) -> None:
    """Clients that each send the next request after the answer (and a pause), until `stop` is set."""

    async def client() -> None:
        connection = Connection(port, tally)
        while not stop():
            await connection.ask(request)
            if pause:
                await asyncio.sleep(pause)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))


async def at_rate(port: int, rate: float, seconds: float, clients: int, requests: Sequence[bytes]) -> Tally:
    """Requests at a fixed rate over a number of connections, independent of the answers; late ones are sent at once."""
    tally = Tally()
    begun = time.perf_counter()
    total = int(rate * seconds)
    sent = 0

    async def client() -> None:
        nonlocal sent
        connection = Connection(port, tally)
        while sent < total and time.perf_counter() - begun < seconds:
            due = begun + sent / rate
            request = requests[sent % len(requests)]
            sent += 1
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            await connection.ask(request)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return tally


class SteadyLoad:
    """A context manager that runs `steady` in a thread, from the first answer until the end of the block."""

    def __init__(self, port: int, clients: int = 4, request: bytes = SINGLE, pause: float = 0.002) -> None:
        self.tally = Tally()
        self._stopped = threading.Event()
        work = steady(port, clients, self._stopped.is_set, self.tally, request=request, pause=pause)
        self._thread = threading.Thread(target=asyncio.run, args=(work,))

    def __enter__(self) -> Self:
        self._thread.start()
        while not self.tally.statuses:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """Start no further request."""
        self._stopped.set()


if __name__ == "__main__":  # PORT RATE SECONDS CLIENTS HEADLINES: run as a subprocess, prints the results as JSON
    port, rate, seconds, clients, headlines = map(float, sys.argv[1:])
    texts = [f"Oil prices rise as OPEC cuts crude output filler{number % 30}" for number in range(int(headlines))]
    request = post("/predict/batch", {"headlines": texts}) if headlines else SINGLE
    result = asyncio.run(at_rate(int(port), rate, seconds, int(clients), [request]))
    print(
        json.dumps(
            {
                "statuses": {str(status): count for status, count in result.statuses.items()},
                "without_retry_after": result.without_retry_after,
                "errors": result.errors[:5],
                "p99": result.quantile(0.99) if result.seconds else None,
            }
        )
    )
