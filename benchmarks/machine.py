"""Describes the machine and the library versions of a measurement, without host names or paths."""

import datetime
import importlib.metadata
import os
import platform
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.settings import load_settings

_LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "pydantic", "numpy", "tensorflow", "keras", "onnxruntime")

BUSY = 0.05
"""Share of all cores' time; if other programs take more, the report warns that the figures are unreliable."""


class MeasurementError(Exception):
    """A measurement cannot be made, or its figures must not be reported; the message says why."""


def cores() -> tuple[int, int]:
    """One core for the server and one for the load generator; raises MeasurementError if there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise MeasurementError("Only one core may be used here; server and load generator need one each.")
    return usable[0], usable[-1]


@contextmanager
def pinned(to: Collection[int]) -> Iterator[None]:
    """Pin this process, and processes that it starts meanwhile, to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe() -> dict[str, Any]:
    """The model, the machine, the share of its time that other programs use, and library versions."""
    return {
        "model": "/".join(load_settings().model[0].parts[-2:]),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "busy": round(_busy(), 3),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES},
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _busy() -> float:
    """Share of all cores' time that is not idle while this process sleeps for a second."""
    before = _cpu_times()
    time.sleep(1)
    spent = [now - then for now, then in zip(_cpu_times(), before, strict=True)]
    idle = spent[3] + spent[4]  # idle, iowait
    return 1 - idle / max(1, sum(spent))


def _cpu_times() -> list[int]:
    # Guest times are part of user's and would count twice.
    return [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
