"""The temporary folder of the workers' metrics: not deleted while it is used, and not left behind for ever."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.server.command.metrics_folder import metrics_folder
from app.telemetry.prometheus import MULTIPROC_DIR
from tests.server import ROOT


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(MULTIPROC_DIR, raising=False)


def killed_service(folder: Path) -> Path:
    """The folder of a process that was killed while it used it."""
    code = (
        "import os; from app.server.command.metrics_folder import metrics_folder\n"
        "with metrics_folder(True): open(os.environ['PROMETHEUS_MULTIPROC_DIR'] + '/counter_1.db', 'w'); os._exit(9)"
    )
    environment = os.environ | {"TMPDIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=30, check=False)
    assert done.returncode == 9
    [left] = folder.iterdir()
    assert list(left.iterdir())
    return left


def test_folder_of_a_killed_service_is_removed_at_the_next_start(tmp_path: Path):
    left = killed_service(tmp_path)
    with metrics_folder(True):
        [folder] = tmp_path.iterdir()
        assert str(folder) == os.environ[MULTIPROC_DIR] != str(left)
    assert list(tmp_path.iterdir()) == []


def test_folder_in_use_is_kept_by_other_services_and_by_systemd_tmpfiles(tmp_path: Path):
    with metrics_folder(True):
        folder = os.environ.pop(MULTIPROC_DIR)
        with metrics_folder(True):
            assert Path(folder).is_dir()
        # flock(1) finds the lock for which systemd-tmpfiles leaves out a folder (tmpfiles.d(5), "Age").
        assert subprocess.run(["flock", "--nonblock", folder, "true"], check=False).returncode == 1
        os.environ[MULTIPROC_DIR] = folder


def test_folders_of_other_kinds_and_links_are_kept(tmp_path: Path):
    (tmp_path / "topics-metrics-old").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "topics-workers-link").symlink_to(tmp_path / "target")
    with metrics_folder(True):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"topics-metrics-old", "target", "topics-workers-link"}
