"""Metrics of two workers, summed from their files; with real processes: tests/operation/test_metrics.py."""

import asyncio
import errno
import math
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.values import MultiProcessValue

from app.classifier import load_classifier
from app.telemetry.prometheus import MULTIPROC_DIR, metrics, multiprocess
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.prometheus.multiprocess import all_workers
from app.telemetry.prometheus.shadow_metrics import Comparison
from tests.app.metrics import Read, read

PIDS = (os.getpid(), os.getppid())
"""Process IDs of two running processes."""


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Metrics]:
    """The metrics of two workers, in files."""
    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(multiprocess, "COUNT_SECONDS", 0)
    made = []
    for pid in PIDS:
        monkeypatch.setattr(values, "ValueClass", MultiProcessValue(lambda pid=pid: pid))
        made.append(Metrics())
    return made


def scraped() -> Read:
    return read(generate_latest(all_workers()).decode())


def test_headlines_in_flight_are_the_sum_over_the_workers(workers: list[Metrics]):
    for worker, headlines in zip(workers, (30, 12), strict=True):
        worker.in_flight.set(headlines)
    assert scraped()("topics_in_flight") == 42


def test_what_a_dead_worker_held_counts_no_more_and_what_it_counted_does(
    workers: list[Metrics], monkeypatch: pytest.MonkeyPatch
):
    dead = 2**22 + 1  # more than any process has
    monkeypatch.setattr(values, "ValueClass", MultiProcessValue(lambda: dead))
    gone = Metrics()
    for worker in (*workers, gone):
        worker.in_flight.set(10)
        worker.headlines.inc(5)
    value = scraped()
    assert value("topics_in_flight") == 20
    assert value("topics_headlines_total") == 15


def test_live_workers_count_where_there_is_no_proc(workers: list[Metrics], monkeypatch: pytest.MonkeyPatch):
    workers[0].in_flight.set(10)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # macOS
    assert scraped()("topics_in_flight") == 10


def test_worker_of_another_user_is_alive(workers: list[Metrics], monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: int) -> None:
        raise PermissionError

    workers[0].in_flight.set(10)
    monkeypatch.setattr(os, "kill", refuse)
    assert scraped()("topics_in_flight") == 10


def test_drift_is_the_mean_over_the_workers_weighted_by_headlines_and_not_the_largest(workers: list[Metrics]):
    names = ("topics_topic_drift_psi", "topics_unknown_word_drift_psi")
    assert all(math.isnan(scraped()(name)) for name in names)
    for worker, psi, headlines in zip(workers, (0.9, 0.1), (300, 900), strict=True):
        worker._drift_gauges[0].labels("weighted").set(psi * headlines)
        worker._drift_gauges[0].labels("headlines").set(headlines)
    assert scraped()(names[0]) == pytest.approx(0.3)
    workers[0]._drift_gauges[0].labels("weighted").set(-900)
    assert scraped()(names[0]) == 0


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_file_descriptor_left_is_an_error_and_not_a_service_without_metrics(
    workers: list[Metrics], monkeypatch: pytest.MonkeyPatch, number: int
):
    def refuse(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    registry = all_workers()
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, refuse)
    with pytest.raises(OSError, match="open files"):
        generate_latest(registry)


def test_worker_that_is_starting_does_not_break_a_scrape(workers: list[Metrics], tmp_path: Path):
    """A worker creates its files before it fills them; one of 12,000 scrapes during restarts read such a file."""
    workers[0].in_flight.set(3)
    for name in ("gauge_livesum_worker7.db", "counter_worker7.db", "histogram_worker7.db"):
        (tmp_path / name).touch()
    assert scraped()("topics_in_flight") == 3


def test_damaged_file_is_renamed_and_takes_only_its_own_metrics_away(
    workers: list[Metrics], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    for worker in workers:
        worker.headlines.inc(5)
        worker.in_flight.set(10)
    damaged = tmp_path / f"counter_{PIDS[0]}.db"
    damaged.write_bytes(b"x" * 100)
    for _ in range(2):
        value = scraped()
        assert (value("topics_headlines_total"), value("topics_in_flight")) == (5, 20)
    assert caplog.messages == [f"{damaged} is not a metrics file and was renamed to {damaged.name}.damaged"]


def test_files_that_cannot_be_opened_are_not_taken_for_damaged_ones(
    workers: list[Metrics], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(_: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    workers[0].headlines.inc(5)
    files = sorted(tmp_path.iterdir())
    monkeypatch.setattr(MmapedDict, "read_all_values_from_file", fail)
    with pytest.raises(OSError, match="Too many open files"):
        scraped()
    assert sorted(tmp_path.iterdir()) == files


def test_damaged_file_that_another_process_has_renamed_is_no_error(
    workers: list[Metrics], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (damaged := tmp_path / "counter_other.db").write_bytes(b"x" * 100)
    replace = Path.replace

    def after_another(file: Path, target: Path) -> Path:
        replace(file, target)
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", after_another)
    assert scraped()("topics_workers") == 0
    assert not damaged.exists()


def test_scrapes_that_arrive_together_render_once(monkeypatch: pytest.MonkeyPatch):
    rendered: list[object] = []
    monkeypatch.setattr(metrics, "generate_latest", lambda registry: rendered.append(registry) or b"text")
    made = Metrics()

    async def scrape() -> list[bytes]:
        return await asyncio.gather(*(made.exposition() for _ in range(5)))

    assert asyncio.run(scrape()) == [b"text"] * 5
    assert len(rendered) == 1
    asyncio.run(scrape())
    assert len(rendered) == 2


def test_comparison_with_the_shadow_is_the_sum_over_the_workers(
    workers: list[Metrics], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    tiny = load_classifier(tiny_bundle)
    results = tiny.classify(["opec"] * 21, 1)
    for pid, worker in zip(PIDS, workers, strict=True):
        monkeypatch.setattr(values, "ValueClass", MultiProcessValue(lambda pid=pid: pid))
        worker.shadow.models_loaded(tiny, tiny)
        worker.shadow.compared(results, [None] * 20 + ["topic"])
    expected = Comparison(headlines=42, agreed=40, disagreed={"topic": 2, "default_only": 0, "shadow_only": 0})
    assert asyncio.run(workers[0].shadow_comparison()) == expected


def test_descriptions_of_a_shadow_that_are_asked_for_together_share_one_collection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    collected: list[None] = []

    def all_workers() -> CollectorRegistry:
        collected.append(None)
        return CollectorRegistry()

    made = Metrics()
    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(metrics, "all_workers", all_workers)

    async def ask() -> None:
        await asyncio.gather(*(made.shadow_comparison() for _ in range(5)))

    asyncio.run(ask())
    assert len(collected) == 1
