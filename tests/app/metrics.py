"""Reads values from /metrics."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.prometheus import MULTIPROC_DIR
from app.telemetry.prometheus.multiprocess import all_workers
from app.telemetry.prometheus.reload_gauges import write_reload

Read = Callable[..., float]


def read(text: str) -> Read:
    """`value("topics_rejected_total", reason="overloaded")`; 0 where there is no such sample yet."""
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def value(name: str, /, **labels: object) -> float:
        return samples.get((name, frozenset((key, str(one)) for key, one in labels.items())), 0.0)

    return value


def total(text: str, name: str) -> float:
    """The sum over all labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


def of_supervisor(folder: Path) -> str:
    """The metrics that only a supervisor writes, in the Prometheus text format."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(MULTIPROC_DIR, str(folder))
        write_reload(True)
        return generate_latest(all_workers()).decode()
