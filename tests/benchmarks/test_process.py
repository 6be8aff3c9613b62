"""CPU time and memory of a process, read from /proc."""

import os
from pathlib import Path

from benchmarks.machine import cores, pinned
from benchmarks.process import Process, cpu_seconds, megabytes

ROLLUP = """\
55d0-7ffd ---p 00000000 00:00 0                          [rollup]
Rss:               92160 kB
Pss:               71680 kB
Shared_Clean:      30720 kB
Private_Clean:      1024 kB
Private_Dirty:     60416 kB
"""


def test_cpu_is_user_plus_system_time_whatever_the_command_is_called():
    stat = "77 (a) b (c) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 1 0 100 1000 10"
    assert cpu_seconds(stat) * os.sysconf("SC_CLK_TCK") == 300


def test_private_memory_is_clean_and_dirty():
    assert megabytes(ROLLUP) == {"resident": 90, "proportional": 70, "private": 60}


def test_server_is_pinned_measured_and_ended(tiny_bundle: Path, tmp_path: Path):
    core, _ = cores()
    settings = {"model": tiny_bundle, "drain_seconds": 0}
    with Process(["-m", "app", "serve"], settings, [core], tmp_path / "log") as process:
        assert 0 < process.wait("/health/ready") < 60
        assert process.ask("/predict", {"headline": "Gold falls"})[1]["model"]["name"] == "tiny"
        [pid] = process.worker_pids()
        assert os.sched_getaffinity(pid) == {core}
        assert process.cpu_seconds() > 0
        assert 10 < process.memory()[0]["resident"] < 500
    assert not Path(f"/proc/{pid}").exists()
    assert "/predict" in (tmp_path / "log").read_text()


def test_pinning_ends_with_its_block():
    before = os.sched_getaffinity(0)
    with pinned([min(before)]):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
