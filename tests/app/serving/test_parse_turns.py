"""Turns in which long request bodies are parsed."""

import asyncio
from itertools import pairwise

import pytest

from app.errors import OverloadedError
from app.serving import parse_turns
from app.serving.parse_turns import FREE_SECONDS, ParseTurns


class Clock:
    """Stands still unless a body is parsed or the event loop sleeps."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def parse_all(turns: ParseTurns, clock: Clock, seconds: list[float]) -> list[tuple[float, float]]:
    """Parse bodies that arrive together; returns when each began and ended."""
    times = []

    async def parse(took: float) -> None:
        await turns.wait()
        with turns.turn():
            begun = clock.now
            clock.now += took
            times.append((begun, clock.now))

    await asyncio.gather(*map(parse, seconds))
    return times


def pauses(times: list[tuple[float, float]]) -> list[float]:
    return [after[0] - before[1] for before, after in pairwise(times)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    sleep = asyncio.sleep

    async def slept(seconds: float) -> None:
        clock.now += seconds
        await sleep(0)

    monkeypatch.setattr(parse_turns.asyncio, "sleep", slept)
    return clock


def test_loop_is_left_to_others_for_as_long_as_a_body_was_parsed(clock: Clock):
    times = asyncio.run(parse_all(ParseTurns(clock), clock, [0.5, 0.3, 0.1]))
    assert pauses(times) == pytest.approx([0.5, 0.3])


def test_bodies_that_are_parsed_quickly_do_not_wait(clock: Clock):
    times = asyncio.run(parse_all(ParseTurns(clock), clock, [FREE_SECONDS / 20] * 10))
    assert pauses(times) == [0] * 9


def test_bodies_at_intervals_do_not_wait(clock: Clock):
    async def main() -> None:
        turns = ParseTurns(clock)
        for _ in range(1000):
            [(begun, _)] = await parse_all(turns, clock, [FREE_SECONDS / 4])
            assert begun == clock.now - FREE_SECONDS / 4
            clock.now += FREE_SECONDS / 4

    asyncio.run(main())


def test_body_that_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parse_turns, "MAX_WAIT_SECONDS", 0.001)

    async def main() -> None:
        clock = Clock()
        turns = ParseTurns(clock)
        with turns.turn():
            clock.now += 60
        with pytest.raises(OverloadedError, match="Large requests are waiting to be parsed"):
            await turns.wait()

    asyncio.run(main())
