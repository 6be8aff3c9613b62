"""Gauges of the last reload; with a real supervisor: tests/operation/test_supervisor.py."""

import shutil
import time
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.telemetry.prometheus import MULTIPROC_DIR, multiprocess
from app.telemetry.prometheus.multiprocess import all_workers
from app.telemetry.prometheus.reload_gauges import write_reload
from tests.app.metrics import Read, read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of metrics."""
    made = tmp_path / "metrics"
    made.mkdir()
    monkeypatch.setenv(MULTIPROC_DIR, str(made))
    monkeypatch.setattr(multiprocess, "COUNT_SECONDS", 0)
    return made


def scraped() -> Read:
    return read(generate_latest(all_workers()).decode())


def test_failure_keeps_the_time_of_the_last_success(folder: Path, monkeypatch: pytest.MonkeyPatch):
    for successful, now, expected in ((True, 1000.0, (1, 1000)), (False, 2000.0, (0, 1000)), (True, 3000.0, (1, 3000))):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        write_reload(successful)
        value = scraped()
        names = ("topics_last_reload_successful", "topics_last_reload_success_timestamp_seconds")
        assert tuple(value(name) for name in names) == expected


def test_folder_that_was_removed_is_made_again(folder: Path):
    write_reload(True)
    shutil.rmtree(folder)
    write_reload(False)
    assert scraped()("topics_last_reload_successful") == 0


def test_file_that_cannot_be_written_is_logged_and_the_supervisor_goes_on(
    folder: Path, caplog: pytest.LogCaptureFixture
):
    (folder / "gauge_livemax_supervisor.db").mkdir()
    write_reload(False)
    [said] = caplog.messages
    assert said.startswith("the result of the reload is missing from the metrics: PROMETHEUS_MULTIPROC_DIR: ")
