import asyncio
from collections.abc import Callable
from functools import partial
from unittest.mock import Mock

from app.server.http.movable_timer import READ_SECONDS, MovableTimer


class Loop:
    """An event loop's clock and timers, advanced by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None], Mock]] = []
        self.started = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when, callback, *args):
        self.started += 1
        handle = Mock()
        self.timers.append((when, partial(callback, *args), handle))
        return handle

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [one for one in self.timers if one[0] <= self.now]
        self.timers = [one for one in self.timers if one[0] > self.now]
        for _, callback, handle in due:
            if not handle.cancel.called:
                callback()


def test_calls_once_when_the_time_has_passed():
    loop, callback = Loop(), Mock()
    MovableTimer(loop, callback).set(10)
    loop.advance(9)
    callback.assert_not_called()
    loop.advance(1)
    loop.advance(READ_SECONDS)
    callback.assert_called_once_with()
    loop.advance(100)
    callback.assert_called_once_with()


def test_moved_at_every_request_it_starts_a_timer_only_when_one_fires():
    loop, callback = Loop(), Mock()
    timer = MovableTimer(loop, callback)
    for _ in range(1000):
        timer.set(10)
        loop.advance(0.01)
        timer.at = None
    assert loop.started == 1
    timer.set(10)
    loop.advance(5)
    callback.assert_not_called()
    loop.advance(5)
    loop.advance(READ_SECONDS)
    callback.assert_called_once_with()


def test_what_the_loop_reads_after_a_pause_stops_or_moves_it():
    loop, callback = Loop(), Mock()
    timer = MovableTimer(loop, callback)
    timer.set(10)
    loop.advance(60)
    timer.at = None
    loop.advance(READ_SECONDS)
    timer.set(10)
    loop.advance(60)
    timer.set(10)
    loop.advance(READ_SECONDS)
    loop.advance(9)
    callback.assert_not_called()
    loop.advance(1)
    loop.advance(READ_SECONDS)
    callback.assert_called_once_with()


def test_moved_to_sooner_it_calls_sooner():
    loop, callback = Loop(), Mock()
    timer = MovableTimer(loop, callback)
    timer.set(60)
    timer.set(10)
    loop.advance(10)
    loop.advance(READ_SECONDS)
    callback.assert_called_once_with()


def test_removed_it_calls_nothing_and_can_be_set_later():
    loop, callback = Loop(), Mock()
    timer = MovableTimer(loop, callback)
    timer.set(10)
    timer.at = None
    loop.advance(20)
    callback.assert_not_called()
    timer.set(10)
    loop.advance(10)
    loop.advance(READ_SECONDS)
    callback.assert_called_once_with()


def test_closed_it_leaves_no_timer():
    loop, callback = Loop(), Mock()
    timer = MovableTimer(loop, callback)
    timer.set(10)
    timer.close()
    assert all(handle.cancel.called for _, _, handle in loop.timers)
    loop.advance(20)
    callback.assert_not_called()


def test_works_with_a_real_loop():
    async def main() -> None:
        called = asyncio.Event()
        MovableTimer(asyncio.get_running_loop(), called.set).set(0.01)
        await asyncio.wait_for(called.wait(), 10)

    asyncio.run(main())
