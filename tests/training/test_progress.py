import io

import pytest

from training import progress
from training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_file_gets_a_line_a_phase_and_one_every_ten_seconds(clock: list[float]) -> None:
    stream = io.StringIO()
    told = Progress(stream)
    told("reading", 0, 1)
    for step in range(1, 31):
        clock[0] += 1
        told("networks", step, 100, "loss 0.500, accuracy 0.900")
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["[0:00] reading", "[0:01] networks: 1%, loss 0.500, accuracy 0.900"]
    assert lines[2:] == [
        "[0:11] networks: 11%, loss 0.500, accuracy 0.900, 1:21 left",
        "[0:21] networks: 21%, loss 0.500, accuracy 0.900, 1:15 left",
    ]


def test_last_step_of_a_phase_is_printed_however_early(clock: list[float]) -> None:
    stream = io.StringIO()
    told = Progress(stream)
    for step in range(1, 7):
        clock[0] += 0.1
        told("networks", step, 6, "loss 0.500")
    assert [line.partition("] ")[2] for line in stream.getvalue().splitlines()] == [
        "networks: 17%, loss 0.500",
        "networks: 100%, loss 0.500, 0:00 left",
    ]


def test_time_before_the_first_step_does_not_count_as_time_of_steps(clock: list[float]) -> None:
    stream = io.StringIO()
    told = Progress(stream)
    told("baselines", 0, 1)
    clock[0] += 9  # reading
    told("baselines", 0, 10)
    clock[0] += 2
    told("baselines", 1, 10)
    assert stream.getvalue().splitlines()[-1] == "[0:11] baselines: 10%, 0:18 left"


def test_terminal_gets_one_line_that_changes(clock: list[float]) -> None:
    stream = Terminal()
    told = Progress(stream)
    told("networks", 1, 10, "loss 0.500")
    clock[0] += 3_700
    told("networks", 10, 10)
    told.close()
    assert stream.getvalue().startswith("\r[0:00] networks: 10%, loss 0.500")
    assert stream.getvalue().count("\n") == 1
    assert "\r[1:01:40] networks: 100%, 0:00 left" in stream.getvalue()


@pytest.mark.parametrize(("columns", "shown"), [(40, 39), (0, 79)])
def test_line_of_a_terminal_is_no_wider_than_the_terminal(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, columns: int, shown: int
) -> None:
    monkeypatch.setattr(Terminal, "fileno", lambda _: 2)
    monkeypatch.setattr(progress.os, "get_terminal_size", lambda _: progress.os.terminal_size((columns, 24)))
    stream = Terminal()
    told = Progress(stream)
    for step in range(1, 5):
        clock[0] += 1
        told("networks, pass 1 of 6", step, 10, f"loss 0.500, accuracy 0.900{', and more' * 5}")
    assert {len(line) for line in stream.getvalue().split("\r")[1:]} == {shown}


def test_progress_without_a_known_end_shows_its_note(clock: list[float]) -> None:
    stream = io.StringIO()
    with Progress(stream) as told:
        told("downloading", 1, 0, "1.0 MB")
        clock[0] += 9
        told("downloading", 2, 0, "2.0 MB")
        clock[0] += 1
        told("downloading", 3, 0, "3.0 MB")
    assert stream.getvalue().splitlines() == ["[0:00] downloading: 1.0 MB", "[0:10] downloading: 3.0 MB"]
