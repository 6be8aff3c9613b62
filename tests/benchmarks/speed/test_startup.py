"""Start of a service with and without a readiness probe."""

from pathlib import Path

import pytest

from benchmarks.speed.startup import start
from benchmarks.speed.targets import EMPTY, SERVICE, Target


class Starting:
    """A process that is ready after one second and has answered after two."""

    def __enter__(self) -> "Starting":
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self, path: str, _: object = None) -> float:
        return 1.0 if path == "/health/ready" else 2.0

    def cpu_seconds(self) -> float:
        return 0.5

    def resident_mb(self) -> float:
        return 80.0


@pytest.mark.parametrize(("target", "ready"), [(SERVICE, 1.0), (EMPTY, 2.0)])
def test_service_without_a_probe_is_ready_when_it_has_answered(
    target: Target, ready: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(Target, "process", lambda *_: Starting())
    assert start(target, tmp_path, 1) == {
        "ready_s": ready,
        "first_prediction_s": 2.0,
        "cpu_s": 0.5,
        "resident_mb": 80.0,
    }
