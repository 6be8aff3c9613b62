"""Gauges of the serving processes: their number and their memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

MEASURE_SECONDS = 5.0
"""Interval at which the memory is measured; it takes a millisecond, in a thread that holds no lock meanwhile."""

_SHARED = Path("/proc/self/smaps_rollup")
_RESIDENT = Path("/proc/self/status")


class ProcessGauges:
    """One process's part of the gauges of all workers: their number, their configured number and their memory."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._workers = Gauge(
            "topics_workers", "Processes that have loaded the model.", registry=registry, multiprocess_mode="livesum"
        )
        self._configured = Gauge(
            "topics_workers_configured",
            "TOPICS_WORKERS: the number of workers that there should be.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._memory = Gauge(
            "topics_memory_bytes",
            "Memory of the serving processes; pages that several of them share are counted once.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    @contextmanager
    def measured(self, configured: int) -> Iterator[None]:
        """Count this process, one of `configured`, and measure its memory every MEASURE_SECONDS; a context manager."""
        stopped = threading.Event()
        self._configured.set(configured)
        self._workers.set(1)
        self._measure()
        threading.Thread(target=self._keep_measuring, args=(stopped,), name="memory gauge", daemon=True).start()
        try:
            yield
        finally:
            stopped.set()
            self._workers.set(0)

    def _keep_measuring(self, stopped: threading.Event) -> None:
        while not stopped.wait(MEASURE_SECONDS):
            self._measure()

    def _measure(self) -> None:
        if (size := memory_bytes()) is not None:
            self._memory.set(size)


def memory_bytes(shared: Path = _SHARED, resident: Path = _RESIDENT) -> int | None:
    """Proportional set size of this process, or its resident set size on a kernel without it; None if neither."""
    size = read_size(shared, "Pss")
    return resident_bytes(resident) if size is None else size


def resident_bytes(resident: Path = _RESIDENT) -> int | None:
    """Resident set size of this process; None if the system has no /proc."""
    return read_size(resident, "VmRSS")


def read_size(file: Path, name: str) -> int | None:
    """Bytes in a line `name: NUMBER kB` of a file in /proc; None if there is no such file or line."""
    with suppress(OSError):  # no such file, or no file descriptor is left
        for line in file.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None
