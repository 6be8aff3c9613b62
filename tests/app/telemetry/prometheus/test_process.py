"""Gauges of the serving processes."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from app.telemetry.prometheus import process
from app.telemetry.prometheus.process import ProcessGauges, memory_bytes
from tests.app.conftest import Start
from tests.app.metrics import read


def test_memory_is_that_of_this_process():
    assert 10 * 2**20 < memory_bytes() < 10 * 2**30


def test_memory_is_resident_where_the_kernel_does_not_tell_shares(tmp_path: Path):
    (tmp_path / "status").write_text("Name: x\nVmRSS:\t 12 kB\n")
    assert memory_bytes(tmp_path / "none", tmp_path / "status") == 12 * 1024
    assert memory_bytes(tmp_path / "none", tmp_path / "none") is None


def test_memory_is_measured_again_while_the_service_runs(monkeypatch: pytest.MonkeyPatch):
    sizes = iter([1, 2, 3])
    registry = CollectorRegistry()
    gauges = ProcessGauges(registry)
    monkeypatch.setattr(process, "MEASURE_SECONDS", 0.001)
    monkeypatch.setattr(process, "memory_bytes", lambda: next(sizes, 3))
    with gauges.measured(1):
        for _ in range(1000):
            if registry.get_sample_value("topics_memory_bytes") == 3:
                break
            process.threading.Event().wait(0.01)
        assert registry.get_sample_value("topics_workers") == 1
    assert registry.get_sample_value("topics_memory_bytes") == 3


def test_process_that_no_longer_serves_is_not_counted():
    registry = CollectorRegistry()
    with ProcessGauges(registry).measured(1):
        assert registry.get_sample_value("topics_workers") == 1
    assert registry.get_sample_value("topics_workers") == 0


def test_running_service_counts_itself(start: Start):
    value = read(start().get("/metrics").text)
    assert value("topics_workers") == value("topics_workers_configured") == 1
    assert value("topics_memory_bytes") > 10 * 2**20
