"""A log reader that stops delays neither requests nor the end of the process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.metrics import read
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.slow


@contextmanager
def reader_stopped(server: RunningServer) -> Iterator[None]:
    """The service's stdout is a pipe whose reading end stays open in this process but is not read."""
    server.pause_reading.set()
    try:
        yield
    finally:
        server.pause_reading.clear()


@pytest.mark.parametrize("workers", [1, 2])
def test_service_answers_and_ends_while_its_log_is_not_read(tiny_bundle: Path, workers: int):
    text = "gold " * 3_000
    with RunningServer(tiny_bundle, workers=workers, log_headlines=True) as server:
        with reader_stopped(server):
            for _ in range(workers * 400):  # 15 kB a line
                assert server.predict(text).status == 200
            time.sleep(0.1)
            value = read(server.get("/metrics").body.decode())
            assert value("topics_log_lines_dropped_total") > 0
            assert server.get("/health/live").status == 200
        server.predict("after it")
        server.wait_line('"texts":["after it"]')
        notices = [json.loads(line) for line in server.lines if "were dropped" in line]
        assert notices
        assert sum(one["lines"] for one in notices) >= value("topics_log_lines_dropped_total")
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
