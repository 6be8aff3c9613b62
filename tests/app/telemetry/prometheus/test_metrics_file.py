"""Files of metrics on a full disk: the process goes on, and new metrics follow when there is room."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import generate_latest, values
from prometheus_client.values import MultiProcessValue

from app.settings import SettingsError
from app.telemetry.prometheus import METRICS_FILES_BYTES, MULTIPROC_DIR, metrics_file, multiprocess
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.prometheus.multiprocess import all_workers
from tests.app.metrics import read


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Metrics]:
    """Makes the metrics of a worker, in files of `tmp_path`."""
    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(multiprocess, "COUNT_SECONDS", 0)
    monkeypatch.setattr(values, "ValueClass", MultiProcessValue())
    return Metrics


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", allocate)


def count(metrics: Metrics, reasons: range) -> None:
    for reason in reasons:
        metrics.rejected.labels(f"{reason:0500}").inc()


def exported(reason: int) -> float:
    return read(generate_latest(all_workers()).decode())("topics_rejected_total", reason=f"{reason:0500}")


def test_first_files_of_a_worker_have_the_size_that_doctor_tries_to_write(make: Callable[[], Metrics], tmp_path: Path):
    make()
    assert sum(file.stat().st_size for file in tmp_path.glob("*.db")) == METRICS_FILES_BYTES


def test_folder_that_was_removed_is_made_again(tmp_path: Path):
    file = metrics_file.MetricsFile(str(tmp_path / "removed" / "counter_worker0.db"))
    file.write_value("key", 1.0, 0.0)
    assert file.read_value("key") == (1.0, 0.0)
    file.close()


def test_all_blocks_of_a_file_are_allocated(make: Callable[[], Metrics], tmp_path: Path):
    count(make(), range(200))
    files = list(tmp_path.glob("*.db"))
    assert max(file.stat().st_size for file in files) > metrics_file.BYTES
    assert [file for file in files if file.stat().st_blocks * 512 < file.stat().st_size] == []


def test_new_metric_is_left_out_while_the_disk_is_full_and_then_written_with_what_it_counted(
    make: Callable[[], Metrics], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    metrics = make()
    with monkeypatch.context() as full:
        fill_disk(full)
        count(metrics, range(200))
        count(metrics, range(200))
        assert exported(0) == 2
        assert exported(199) == 0
    [said] = caplog.messages
    assert said.startswith("new metrics are left out until there is room in ")
    count(metrics, range(199, 200))
    assert exported(199) == 3


def test_full_disk_stops_the_start_with_one_sentence(
    make: Callable[[], Metrics], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    fill_disk(monkeypatch)
    with pytest.raises(SettingsError, match=f"^{MULTIPROC_DIR}: {tmp_path}/.* cannot be written .No space left on"):
        make()


def test_file_system_that_cannot_allocate_blocks_in_advance_is_used_without(
    make: Callable[[], Metrics], monkeypatch: pytest.MonkeyPatch
):
    def allocate(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    count(make(), range(200))
    assert exported(199) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * metrics_file.BYTES,
        b"x" * 100,
        b"ab",
        (10**9).to_bytes(4, "little"),
        b"\x40\0\0\0\0\0\0\0\x08\0\0\0" + b"abcdefgh" * 10,
    ],
    ids=["negative", "letters", "short", "beyond", "no_json"],
)
def test_damaged_file_is_renamed_and_the_others_go_on(
    make: Callable[[], Metrics], tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
):
    count(make(), range(1))
    (tmp_path / "counter_begins.db").touch()
    before = set(tmp_path.iterdir())
    (damaged := tmp_path / "counter_worker0.db").write_bytes(content)
    metrics_file.rename_damaged(tmp_path)
    renamed = tmp_path / "counter_worker0.db.damaged"
    assert set(tmp_path.iterdir()) == before | {renamed}
    assert renamed.read_bytes() == content
    assert caplog.messages == [f"{damaged} is not a metrics file and was renamed to {renamed.name}"]
    assert exported(0) == 1


def test_file_of_another_program_is_renamed(tmp_path: Path):
    (tmp_path / "cache.db").write_bytes(b"SQLite format 3\0" + bytes(4096))
    metrics_file.rename_damaged(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db.damaged"]


def test_damaged_file_that_cannot_be_renamed_is_one_sentence(tmp_path: Path):
    (tmp_path / "cache.db").write_bytes(b"x" * 100)
    (tmp_path / "cache.db.damaged").mkdir()
    with pytest.raises(
        SettingsError, match=r"cache\.db is not a metrics file and cannot be renamed \(Is a directory\)"
    ):
        metrics_file.rename_damaged(tmp_path)
