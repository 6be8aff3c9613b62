"""Stdout and stderr of a process that logs, up to its end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.telemetry.log_streams.standard_streams import non_blocking
from tests.server import ROOT


def notice(lines: int) -> str:
    return f"dropped {lines}\n"


@pytest.mark.parametrize("make", [lambda: None, lambda: sys.__stdin__])
def test_only_stdout_and_stderr_are_replaced(make: Callable[[], object]):
    file = make()
    replaced = non_blocking(file, notice)  # type: ignore[arg-type]
    assert replaced.write("gone\n") == 5 if file is None else replaced is file


def run(code: str, stdout: int, **environment: str) -> subprocess.Popen[str]:
    """Run Python with `config` applied, in a subprocess."""
    code = (
        f"import logging.config, sys\nfrom app.telemetry import logs\nlogging.config.dictConfig(logs.config())\n{code}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


LAST_WORDS = "logging.getLogger('app').info('last words'); print('h\\u00e9'); sys.exit(3)"


def test_last_lines_before_the_exit_are_not_lost():
    process = run(LAST_WORDS, subprocess.PIPE, PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=30)
    first, second = out.splitlines()
    assert json.loads(first)["event"] == "last words"
    assert (second, err, process.returncode) == ("h\\xe9", "", 3)


def test_error_of_the_command_line_after_the_start_of_logging_is_shown():
    process = run("import click; click.ClickException('no file is left').show(); print('more')", subprocess.PIPE)
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("more\n", "Error: no file is left\n")


def test_exit_does_not_wait_for_a_reader_and_keeps_its_status():
    reading, writing = os.pipe()
    process = run(f"print('x' * 1_000_000); {LAST_WORDS}", writing)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)
    assert (err, process.returncode) == ("", 3)


@pytest.mark.parametrize("mode", ["full disk", "closed pipe", "closed"])
def test_stdout_that_takes_nothing_changes_neither_status_nor_stderr(mode: str):
    reading, writing = os.pipe()
    os.close(reading)
    with Path("/dev/full").open("wb") as full:
        process = run(
            LAST_WORDS if mode != "closed" else f"import os; os.close(1); {LAST_WORDS}",
            full.fileno() if mode == "full disk" else writing,
        )
        os.close(writing)
        _, err = process.communicate(timeout=30)
    assert (err, process.returncode) == ("", 3)


def test_lines_of_two_processes_do_not_mix_however_long_they_are():
    code = "\nfor _ in range(10): print({!r} * 200_000)\nprint('started', file=sys.stderr)"
    reading, writing = os.pipe()
    processes = [run(code.format(letter), writing) for letter in "ab"]
    os.close(writing)
    for process in processes:  # both wait in the middle of a line
        assert process.stderr is not None
        assert process.stderr.readline() == "started\n"
    with os.fdopen(reading) as file:
        lines = file.read().splitlines()
    for process in processes:
        process.communicate(timeout=30)
    assert sorted(lines) == ["a" * 200_000] * 10 + ["b" * 200_000] * 10
