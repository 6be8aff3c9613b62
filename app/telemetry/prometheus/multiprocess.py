"""Metrics of all workers: each worker writes files to one folder, and any process can aggregate them."""

import math
import os
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from app.telemetry.prometheus import MULTIPROC_DIR
from app.telemetry.prometheus.metrics_file import rename_damaged

COUNT_SECONDS = 0.02
"""Interval at which metrics are updated. Updating them per request would take a tenth of the cost of a single request,
and an eighth of that of any request with several workers."""

_PSI = (
    "Population stability index of {} against training, minus its expected value without drift; NaN until there are"
    " enough headlines."
)
DRIFT = {
    "topics_topic_drift_psi": _PSI.format("the topics of recent headlines"),
    "topics_unknown_word_drift_psi": _PSI.format("the share of unknown words in recent headlines"),
    "topics_outside_drift_psi": _PSI.format("the share of recent headlines about none of the topics"),
}
"""Gauges that each process writes in two parts: `headlines`, a number, and `weighted`, the value times that number."""


class WithDrift(Collector):
    """Metrics of another collector, with one value for drift: the mean over the workers, weighted by headlines.

    The maximum of noisy values would raise false alarms. Workers with too few headlines have weight 0.
    """

    def __init__(self, source: Collector) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """The metric families, with one sample for each drift gauge."""
        for family in self._source.collect():
            if family.name in DRIFT:
                parts = {sample.labels["part"]: sample.value for sample in family.samples}
                headlines = parts.get("headlines", 0)
                mean = max(0.0, parts["weighted"] / headlines) if headlines else math.nan
                family.samples = [Sample(family.name, {}, mean)]
            yield family


class _LiveWorkers(MultiProcessCollector):
    """Aggregates the files of all processes; gauges of dead processes are left out.

    Files are named after a process ID, or after a worker's number; for the latter the supervisor removes the gauges.
    `collect` first waits until the workers have updated their metrics, so it has to run in a thread.
    """

    def __init__(self, directory: str) -> None:
        super().__init__(None, directory)
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """Aggregate the files, without damaged ones, which are renamed.

        Raises:
            OSError: they cannot be read, for example because no file descriptor is left. The library's own `collect`
                uses `glob`, which returns no files in that case.
            SettingsError: a damaged file cannot be renamed.
        """
        time.sleep(2 * COUNT_SECONDS)
        try:
            return self._merged()
        except OSError:
            raise
        except Exception:  # which one depends on the bytes
            rename_damaged(Path(self._directory))
            return self._merged()

    def _merged(self) -> Iterable[Metric]:
        files = [file for file in Path(self._directory).iterdir() if file.suffix == ".db" and _has_begun(file)]
        for pid in {file.stem.rpartition("_")[2] for file in files if file.name.startswith("gauge_live")}:
            if pid.isdigit() and not _is_alive(int(pid)):
                mark_process_dead(pid, self._directory)
        merged: Iterable[Metric] = self.merge([str(file) for file in files])  # ignores files that no longer exist
        return merged


def _is_alive(pid: int) -> bool:
    """Whether the process exists: signal 0 is checked but not sent. macOS has no /proc to look in."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True


def _has_begun(file: Path) -> bool:
    """Whether a file has content: a starting worker creates empty files, which the library cannot read."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # its worker has ended in the meantime
        return False


def all_workers() -> CollectorRegistry:
    """A registry with the metrics that all workers have written to the folder in MULTIPROC_DIR."""
    # Without this parameter, `restricted_registry` would leave out a collector that does not describe its metrics.
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(WithDrift(_LiveWorkers(os.environ[MULTIPROC_DIR])))
    return registry
