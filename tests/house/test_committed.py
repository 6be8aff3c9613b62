"""Nothing committed is data, a pickle, or the name of a host or machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server import ROOT

DATA = {".npz", ".npy", ".pkl", ".pickle", ".h5", ".hdf5", ".sgm", ".gz"}

# In parts, so that this file does not contain them itself.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb", "debian"))]


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_data_is_committed(committed: list[Path]):
    assert [file for file in committed if file.suffix in DATA] == []


def test_no_file_names_a_package_registry(committed: list[Path]):
    naming = [(file, host) for file in committed for host in HOSTS if host.encode() in file.read_bytes()]
    assert naming == []


def test_locks_name_no_place(committed: list[Path]):
    locks = [file for file in committed if file.parent.name == "requirements"]
    assert len(locks) >= 4
    for lock in locks:
        text = lock.read_text("utf-8")
        assert [word for word in ("://", "--index-url", "--find-links", " @ ") if word in text] == []
