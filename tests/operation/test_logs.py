"""A log reader that stops delays neither requests nor the end of the process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.metrics import read
from tests.server import ROOT, RunningServer
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@contextmanager
def reader_stopped(server: RunningServer) -> Iterator[None]:
    """The service's stdout is a pipe whose reading end stays open in this process but is not read."""
    server.pause_reading.set()
    try:
        yield
    finally:
        server.pause_reading.clear()


def counted(server: RunningServer) -> float:
    """Dropped lines, by the metric."""
    return read(server.get("/metrics").body.decode())("topics_log_lines_dropped_total")


def said(server: RunningServer) -> int:
    """Dropped lines, by the log itself."""
    return sum(json.loads(line)["lines"] for line in list(server.lines) if "were dropped" in line)


@pytest.mark.parametrize("workers", [1, 2])
def test_service_answers_and_ends_while_its_log_is_not_read(tiny_bundle: Path, workers: int):
    text = "gold " * 3_000
    with RunningServer(tiny_bundle, workers=workers, log_headlines=True) as server:
        with reader_stopped(server):
            for _ in range(workers * 400):  # 15 kB a line
                assert server.predict(text).status == 200
            wait_for(lambda: counted(server) > 0)
            dropped = counted(server)
            assert server.get("/health/live").status == 200
        server.predict("after it")
        server.wait_line('"texts":["after it"]')
        wait_for(lambda: said(server) >= dropped)
        with reader_stopped(server):
            for _ in range(workers * 30):
                server.predict(text)
            server.signal(signal.SIGTERM)
            assert server.process.wait(10) == 0
    for line in server.lines:
        if line.startswith("{") and line != server.lines[-1]:
            json.loads(line)


HANG = """
import asyncio, logging.config, sys, time
from app.serving import watchdog
from app.telemetry.logs import config
watchdog.HANG_SECONDS = 1
logging.config.dictConfig(config())
async def main():
    with watchdog.watched(asyncio.get_running_loop()):
        print("x" * 1_000_000)
        time.sleep(60)
asyncio.run(main())
"""


def test_watchdog_ends_a_hung_process_whose_log_is_not_read():
    reading, writing = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", HANG], cwd=ROOT, stdout=writing)
    try:
        assert process.wait(30) == 70
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)
