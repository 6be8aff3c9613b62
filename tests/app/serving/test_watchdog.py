"""Watchdog: a hanging event loop ends the process; with a real service: tests/operation/test_logs.py."""

import asyncio
import threading
import time

import pytest

from app.serving import watchdog


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    statuses: list[int] = []

    monkeypatch.setattr(watchdog.os, "_exit", statuses.append)
    monkeypatch.setattr(watchdog, "HANG_SECONDS", 1)
    return statuses


def test_hanging_loop_ends_the_process_and_a_turning_one_does_not(ended: list[int]):
    async def main():
        with watchdog.watched(asyncio.get_running_loop()):
            await asyncio.sleep(1.3)
            assert ended == []
            time.sleep(2.4)  # noqa: ASYNC251 - this is the hang

    asyncio.run(main())
    assert set(ended) == {watchdog.EXIT_STATUS}


def test_blocking_log_message_does_not_keep_the_process_alive(ended: list[int], monkeypatch: pytest.MonkeyPatch):
    """The hung thread may hold the logger's lock."""
    monkeypatch.setattr(watchdog, "MESSAGE_SECONDS", 0.1)
    released = threading.Event()
    monkeypatch.setattr(watchdog.logger, "critical", lambda *_: released.wait(60))

    async def main():
        with watchdog.watched(asyncio.get_running_loop()):
            time.sleep(2.6)  # noqa: ASYNC251 - this is the hang

    asyncio.run(main())
    released.set()
    assert set(ended) == {watchdog.EXIT_STATUS}


def test_watch_ends_with_the_service():
    async def main():
        with watchdog.watched(asyncio.get_running_loop()):
            assert "watchdog" in [thread.name for thread in threading.enumerate()]

    before = threading.active_count()
    asyncio.run(main())
    for _ in range(100):
        if threading.active_count() <= before:
            return
        time.sleep(0.01)
    pytest.fail("the watchdog thread is still running")
