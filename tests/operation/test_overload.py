"""More than one worker can do: what it can, it still does; the rest is refused at once; probes and singles go on.

The bars of the project hold on a quiet machine and are printed by `pytest -s`; what is asserted leaves room for
a busy one. OVERLOAD_SECONDS=60 makes it the full minute.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operation.load import ROOM, Connection, Tally, get, post, steady
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "5"))
MARGIN = float(os.environ.get("OVERLOAD_MARGIN", "4"))
"""Factor by which a latency may exceed its goal; 1 is reached on a quiet machine with two cores."""


@pytest.fixture
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    with RunningServer(tiny_bundle, access_log=False) as running:
        yield running


def flood(server: RunningServer, rate: float, seconds: float, clients: int, headlines: int) -> subprocess.Popen[str]:
    """A load in a subprocess."""
    command = [
        sys.executable,
        "-m",
        "tests.operation.load",
        *map(str, (server.port, rate, seconds, clients, headlines)),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> dict:
    output, _ = process.communicate(timeout=SECONDS + 60)
    assert process.returncode == 0
    return json.loads(output)


def ask_steadily(server: RunningServer, request: bytes, process: subprocess.Popen[str]) -> Tally:
    """Send one request every 10 ms while a process runs."""
    tally = Tally()
    asyncio.run(steady(server.port, 1, lambda: process.poll() is not None, tally, request=request, pause=0.01))
    return tally


def resident(server: RunningServer) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def processor(server: RunningServer) -> float:
    """Processor time used so far, in seconds; other programs affect it less than elapsed time."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_at_4_times_its_capacity_goodput_stays_and_the_rest_is_refused_at_once(server: RunningServer):
    # What else the machine does makes an answer under overload dearer, which counts as the cost of refusals, and delays
    # the probe: the share of one run varies from 0.73 to 0.97; the probe's 99th percentile was 266 ms at a load of 15.
    # If it suspends the load, fewer requests arrive, and fewer are refused.
    for _ in range(3):
        share, delay, refusals = overload_at_4_times_the_capacity(server)
        if share > 0.75 and delay < 0.050 * MARGIN and refusals > 1:
            break
    assert refusals > 1
    assert share > 0.75
    assert delay < 0.050 * MARGIN
    assert server.predict().status == 200


def overload_at_4_times_the_capacity(server: RunningServer) -> tuple[float, float, float]:
    """Overload the service and check its answers; their share of its time, the probe's p99, refusals per answer."""
    headlines = 500
    warm = result(flood(server, 1e9, SECONDS / 4, 4, headlines))
    begun, used = time.perf_counter(), processor(server)
    capacity_run = result(flood(server, 1e9, SECONDS / 2, 4, headlines))
    capacity = capacity_run["statuses"]["200"] / (SECONDS / 2)
    dear = (processor(server) - used) / capacity_run["statuses"]["200"]
    before, used = resident(server), processor(server)
    process = flood(server, 4 * capacity, SECONDS, ROOM, headlines)
    live = ask_steadily(server, get("/health/live"), process)
    overload = result(process)
    goodput = overload["statuses"]["200"] / SECONDS
    growth = resident(server) - before
    refused = overload["statuses"].get("503", 0)
    refusal = max(processor(server) - used - dear * overload["statuses"]["200"], 0) / refused
    # How many are refused for each answer depends on what else the machine does; at four times the capacity: three.
    worth = dear / (dear + 3 * refusal)
    print(
        f"\ncapacity {capacity * headlines:,.0f} headlines/s; at 4x ({sum(overload['statuses'].values())} batches):"
        f" goodput {goodput / capacity:.0%} (in processor time {worth:.0%}: {dear * 1000:.1f} ms an answer,"
        f" {refusal * 1000:.2f} ms a refusal), {refused} refused,"
        f" live p99 {live.quantile(0.99) * 1000:.1f} ms"
        f" of {live.statuses[200]}, memory {growth:+.1f} MB to {before + growth:.0f} MB,"
        f" {time.perf_counter() - begun:.0f} s"
    )
    assert set(warm["statuses"]) == set(capacity_run["statuses"]) == {"200"}
    assert set(overload["statuses"]) == {"200", "503"}
    assert overload["without_retry_after"] == 0
    assert goodput > 0.9 * capacity / MARGIN
    assert live.failed == 0
    assert growth < 30
    return worth, live.quantile(0.99), refused / overload["statuses"]["200"]


def test_while_full_batches_run_single_headlines_answer_soon(server: RunningServer):
    process = flood(server, 1e9, SECONDS, 4, 1000)
    single = ask_steadily(server, post("/predict", {"headline": "Gold falls to a three-month low"}), process)
    batches = result(process)
    print(
        f"\n{batches['statuses']['200'] / SECONDS * 1000:,.0f} headlines/s in batches of 1,000 from 4 clients; singles:"
        f" p50 {single.quantile(0.5) * 1000:.1f} ms, p99 {single.quantile(0.99) * 1000:.1f} ms"
    )
    assert set(batches["statuses"]) == {"200"}
    assert single.failed == 0
    assert single.quantile(0.99) < 0.050 * MARGIN


def test_slow_clients_do_not_keep_others_waiting(server: RunningServer):
    async def main() -> list[int]:
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(200)]
        for _, writer in held:
            writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        tally = Tally()
        connection = Connection(server.port, tally)
        statuses = [await connection.ask(post("/predict", {"headline": "oil"})) for _ in range(50)]
        connection.close()
        for _, writer in held:
            writer.close()
        return statuses

    assert asyncio.run(main()) == [200] * 50
