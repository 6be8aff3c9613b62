"""Metrics of all workers: each writes files to one folder, and any process can add them up."""

import math
import os
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Where the workers' files are; prometheus_client reads the variable when it is first imported."""

COUNT_SECONDS = 0.02
"""What is answered in this time is added up before it is counted: one request alone would pay for counting a tenth of
what it costs, and with several workers any request an eighth."""

DRIFT = {
    "topics_topic_drift_psi": "Population stability index of recent topics against training's, less what chance makes "
    "of it; NaN until there are enough headlines.",
    "topics_unknown_word_drift_psi": "The same for the share of unknown words.",
    "topics_outside_drift_psi": "The same for the share of headlines about none of the topics.",
}
"""Gauges that each process writes in two parts, `headlines` and `weighted`, which is the value times that number."""


class WithDrift(Collector):
    """Metrics of another collector, with one value for drift: the mean over the workers, weighted by headlines.

    The maximum of noisy values would raise false alarms. Workers with too few headlines have weight 0.
    """

    def __init__(self, source: Collector) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """One family after the other."""
        for family in self._source.collect():
            if family.name in DRIFT:
                parts = {sample.labels["part"]: sample.value for sample in family.samples}
                headlines = parts.get("headlines", 0)
                mean = max(0.0, parts["weighted"] / headlines) if headlines else math.nan
                family.samples = [Sample(family.name, {}, mean)]
            yield family


class _LiveWorkers(MultiProcessCollector):
    """Adds up the processes' files; what a dead one held at the moment counts no more.

    Files are named after a process ID, or after a worker's number: of those the supervisor removes the gauges.

    It lets the workers count first what they have answered by now, so it has to run in a thread.
    """

    def __init__(self, directory: str) -> None:
        super().__init__(None, directory)
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """Raises OSError where the files cannot be read, as when no file descriptor is left.

        The library's own `collect` looks for them by `glob`, which says then that there are none.
        """
        time.sleep(2 * COUNT_SECONDS)
        files = [file for file in Path(self._directory).iterdir() if file.suffix == ".db" and _has_begun(file)]
        for pid in {file.stem.rpartition("_")[2] for file in files if file.name.startswith("gauge_live")}:
            if pid.isdigit() and not Path("/proc", pid).exists():
                mark_process_dead(pid, self._directory)
        merged: Iterable[Metric] = self.merge([str(file) for file in files])  # passes over those that are gone
        return merged


def _has_begun(file: Path) -> bool:
    """Whether there is anything in it: a worker that starts creates its files empty, which the library cannot read."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # of a worker that has ended meanwhile
        return False


def all_workers() -> CollectorRegistry:
    """A registry of what all workers have written to the folder that DIRECTORY names."""
    registry = CollectorRegistry()
    registry.register(WithDrift(_LiveWorkers(os.environ[DIRECTORY])))
    return registry
