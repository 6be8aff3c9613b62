"""Reads CPU time and memory of processes from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Process IDs of the children of all threads of a process; none if it has ended."""
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for task in tasks for child in task.split()]


def descendants(pid: int) -> list[int]:
    """Process IDs of a process and of all processes below it."""
    pids = [pid]
    for parent in pids:
        pids.extend(children(parent))
    return pids


def cpu_seconds(pid: int) -> float:
    """User plus system time of a process, over all threads; 0 if it has ended."""
    try:
        return parse_cpu_seconds(Path(f"/proc/{pid}/stat").read_text())
    except OSError:
        return 0.0


def parse_cpu_seconds(stat: str) -> float:
    """`utime` plus `stime` of a `/proc/PID/stat`; the command name before them may hold spaces and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> dict[str, float]:
    """Resident, proportional and private memory of a process in MB."""
    return parse_memory_mb(Path(f"/proc/{pid}/smaps_rollup").read_text())


def parse_memory_mb(rollup: str) -> dict[str, float]:
    """Resident, proportional and private MB from a `/proc/PID/smaps_rollup`."""
    lines = (line.partition(":") for line in rollup.splitlines() if line.endswith(" kB"))
    kilobytes = {name: int(value.split()[0]) for name, _, value in lines}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {"resident": kilobytes["Rss"] / 1024, "proportional": kilobytes["Pss"] / 1024, "private": private / 1024}
