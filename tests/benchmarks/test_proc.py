"""CPU time and memory from /proc, and the processes below one."""

import os
import subprocess
import sys

from benchmarks import proc

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
    assert proc.parse_cpu_seconds(stat) * os.sysconf("SC_CLK_TCK") == 300


def test_private_memory_is_clean_and_dirty():
    assert proc.parse_memory_mb(ROLLUP) == {"resident": 90, "proportional": 70, "private": 60}


def test_descendants_are_the_process_and_all_below_it():
    command = [sys.executable, "-c", "import subprocess; print(subprocess.Popen(['cat']).pid, flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        below = int(process.stdout.readline())
        assert proc.descendants(process.pid) == [process.pid, below]
        assert proc.children(process.pid) == [below]
        process.communicate("")


def test_process_that_has_ended_has_neither_children_nor_cpu_time():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert proc.children(process.pid) == []
    assert proc.cpu_seconds(process.pid) == 0
