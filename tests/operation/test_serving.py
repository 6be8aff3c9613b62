"""From end to end: a process of its own, its real port, its real signals."""

from pathlib import Path

import pytest

from tests.server import RunningServer


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_serves_predictions_until_sigterm_and_ends_with_0(tiny_bundle: Path, workers: int):
    with RunningServer(tiny_bundle, workers=workers) as server:
        reply = server.predict("Oil prices rise as OPEC cuts crude output")
        assert reply.status == 200
        assert reply.json()["predictions"][0]["topic"] == "crude"
        assert server.stop() == 0
    assert "Traceback" not in server.output
