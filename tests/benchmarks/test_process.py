"""A service as a process of the benchmarks."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.machine import MeasurementError, cores, pinned
from benchmarks.process import Process
from tests.waiting import wait_for


def test_server_is_pinned_measured_paused_and_ended(tiny_bundle: Path, tmp_path: Path):
    core, _ = cores()
    settings = {"model": tiny_bundle, "drain_seconds": 0}
    with Process([sys.executable, "-m", "app", "serve"], settings, [core], tmp_path / "log") as process:
        assert 0 < process.wait("/health/ready") < 60
        assert process.ask("/predict", {"headline": "Gold falls"})[1]["model"]["name"] == "tiny"
        [pid] = process.worker_pids()
        assert os.sched_getaffinity(pid) == {core}
        assert process.cpu_seconds() > 0
        assert 10 < process.memory()[0]["resident"] < 500
        # The process may take or free a page between the two.
        assert process.resident_mb() == pytest.approx(process.memory()[0]["resident"], rel=0.05)
        process.pause()
        wait_for(lambda: state(pid) == "T")
        with process.resumed():
            assert process.ask("/health/live")[0] == 200
        wait_for(lambda: state(pid) == "T")
    assert not Path(f"/proc/{pid}").exists()
    assert "/predict" in (tmp_path / "log").read_text()


def test_children_that_a_server_leaves_behind_are_ended(tmp_path: Path):
    leaves = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    with Process([sys.executable, "-c", leaves], {}, cores(), tmp_path / "log") as process:
        process._process.wait(10)  # its input is empty: it ends at once, its child does not
        child = int((tmp_path / "log").read_text().split()[0])
        assert Path(f"/proc/{child}").exists()
    wait_for(lambda: not Path(f"/proc/{child}").exists() or state(child) == "Z")


def test_server_that_ends_at_once_is_reported_with_its_last_line(tmp_path: Path):
    ends = "import sys; sys.exit('no model here')"
    with (
        pytest.raises(MeasurementError, match="ended before it answered: no model here"),
        Process([sys.executable, "-c", ends], {}, cores(), tmp_path / "log") as process,
    ):
        process.wait("/")


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_pinning_ends_with_its_block():
    before = os.sched_getaffinity(0)
    with pinned([min(before)]):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
