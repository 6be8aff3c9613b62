"""The order of a start; with real processes: tests/operation."""

import gc
import signal
from pathlib import Path

import pytest

from app.server import run
from app.server.sockets import ListenError
from app.settings import load_settings
from app.telemetry.prometheus import MULTIPROC_DIR


def test_metrics_port_opens_after_the_gauges_of_an_earlier_run_are_removed(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gauge_livesum_worker0.db").touch()
    (tmp_path / "counter_worker0.db").touch()
    left: list[str] = []

    def serve_metrics(_host: str, _port: int) -> None:
        left.extend(file.name for file in tmp_path.iterdir())
        raise ListenError("in use")

    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(run, "listeners", lambda *_: [[]])
    monkeypatch.setattr(run, "_serve_metrics", serve_metrics)
    with pytest.raises(ListenError):
        run.serve(load_settings(model=tiny_bundle, metrics_port=9), "127.0.0.1", 0, None)
    assert left == ["counter_worker0.db"]
