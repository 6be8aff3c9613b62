"""Histogram: many values at once are counted like single values."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from app.telemetry.prometheus.histogram import BatchHistogram


@pytest.mark.parametrize("times", [1, 10])
def test_many_values_are_counted_as_by_observe(times: int):
    values = times * [0.0, 0.1, 0.1, 0.05, 0.95, 0.9501, 1.0, 2.0, 1e-9]
    registries = [CollectorRegistry(), CollectorRegistry()]
    bulk = BatchHistogram("x", "", buckets=(0.0, 0.1, 0.95, 1.0), registry=registries[0])
    single = Histogram("x", "", buckets=(0.0, 0.1, 0.95, 1.0), registry=registries[1])
    bulk.observe_many(values)
    bulk.observe_many([0.3])
    bulk.observe_many([])
    for value in [*values, 0.3]:
        single.observe(value)
    texts = [generate_latest(one).decode() for one in registries]
    assert [line for line in texts[0].splitlines() if "_created" not in line] == [
        line for line in texts[1].splitlines() if "_created" not in line
    ]
