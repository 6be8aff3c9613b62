"""Standard streams that are closed, full, or pipes without a reader, as shells make them."""

import subprocess

import pytest

from tests.app.cli.running import command
from tests.server import ROOT


def shell(arguments: list[str], redirection: str) -> subprocess.CompletedProcess[bytes]:
    line = ["bash", "-c", f'"$@" {redirection}', "bash", *command(*arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [["classify", "oil"], ["topics"]])
@pytest.mark.parametrize(
    ("redirection", "status", "sentence"),
    [
        (">&-", 5, b"Error: Standard output is closed.\n"),
        (">/dev/full", 5, b"Error: Standard output cannot be written (No space left on device).\n"),
    ],
)
def test_output_that_cannot_be_written_is_5(
    arguments: list[str], redirection: str, status: int, sentence: bytes
) -> None:
    done = shell(arguments, redirection)
    assert (done.returncode, done.stderr) == (status, sentence)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_messages_that_cannot_be_written_do_not_change_the_result(redirection: str) -> None:
    done = shell(["classify", "oil", "", "wheat"], redirection)
    assert done.returncode == 1
    assert done.stdout.count(b"\n") == 2
    assert shell(["classify", "--top-k", "0", "oil"], redirection).returncode == 2


def test_closed_input_is_4() -> None:
    done = shell(["classify", "-f", "-"], "<&-")
    assert (done.returncode, done.stderr) == (4, b"Error: Standard input is closed.\n")


@pytest.mark.parametrize("arguments", [["topics"], ["--help"]])
def test_reader_that_has_gone_is_141_without_a_word(arguments: list[str]) -> None:
    done = shell(arguments, "> >(exec 0<&-; cat >/dev/null </dev/null); exit")
    assert done.stderr == b""
    assert done.returncode in (0, 141)  # 0 if it wrote before the reader went
