"""Read gate: two that pause the reading of one connection."""

from unittest.mock import Mock

import pytest

from app.server.http.read_gate import ReadGate

READING, PAUSED = "resume_reading", "pause_reading"


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        (["shut", "open"], READING),
        (["shut", "pause_reading", "resume_reading"], PAUSED),
        (["shut", "pause_reading", "resume_reading", "open"], READING),
        (["pause_reading", "shut", "open"], PAUSED),
        (["pause_reading", "shut", "open", "resume_reading"], READING),
        (["pause_reading", "open"], PAUSED),
    ],
)
def test_connection_is_read_once_neither_of_two_has_paused_it(steps: list[str], last: str) -> None:
    gate = ReadGate(transport := Mock())
    for step in steps:
        getattr(gate, step)()
    assert transport.method_calls[-1][0] == last
