"""The Makefile: choice of the Python, and `make help`."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    shown = re.findall(r"^  (\w+) ", make().stdout, re.MULTILINE)
    assert sorted(shown) == sorted(targets)


def test_missing_python_is_reported_in_one_sentence(tmp_path: Path):
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make("serve", f"VENV={tmp_path / 'venv'}", f"PYTHON=no-such-python {old}")
    assert done.returncode != 0
    assert "is Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_folder_with_a_space_in_its_name_reaches_uv_whole(tmp_path: Path):
    folder = tmp_path / "my topics"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for target in ("install", "mutants"):
        done = make("--dry-run", "--directory", str(folder), target)
        [assignment] = re.findall(r"^@?(VIRTUAL_ENV=.*?) \.venv/bin/uv (?:pip|run)", done.stdout, re.MULTILINE)[-1:]
        assert shlex.split(assignment) == [f"VIRTUAL_ENV={folder / '.venv'}"]
