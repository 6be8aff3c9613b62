"""Deadlines, with a fake clock."""

import pytest

from app.errors import DeadlineError
from app.serving import deadline
from app.serving.deadline import Deadline


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [100.0]
    monkeypatch.setattr(deadline.time, "monotonic", lambda: time[0])
    return time


def test_time_that_is_left_falls_and_goes_below_zero(now: list[float]) -> None:
    one = Deadline(2.5, begun=100.0)
    assert (one.seconds, one.left()) == (2.5, 2.5)
    now[0] = 104.0
    assert one.left() == -1.5


def test_deadline_expires_after_its_time_and_not_at_it(now: list[float]) -> None:
    one = Deadline(2.5, begun=100.0)
    now[0] = 102.5
    one.raise_if_expired()
    now[0] = 102.75
    with pytest.raises(DeadlineError, match=r"within 2\.5 seconds"):
        one.raise_if_expired()
