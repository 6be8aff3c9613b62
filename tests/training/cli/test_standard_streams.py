"""Standard streams of `python -m training` that are closed or full."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_data import REPOSITORY

CLOSED = "Error: Standard output is closed; redirect it to a file, or to /dev/null.\n"
FULL = "Error: The output cannot be read or written (No space left on device).\n"
ROWS = "".join(f"oil rises {number},energy\nfootball match {number},sport\n" for number in range(40))


def shell(redirection: str, *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command under a redirection."""
    line = ["bash", "-c", f'"$@" {redirection}', "bash", sys.executable, "-m", "training", *map(str, arguments)]
    done = subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def news(tmp_path: Path) -> Path:
    file = tmp_path / "news.csv"
    file.write_text(f"text,label\n{ROWS}")
    return file


@pytest.mark.parametrize(("redirection", "sentence"), [(">&-", CLOSED), (">/dev/full", FULL)])
@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["check"], ["check", "--json"]])
def test_output_that_cannot_be_written_is_an_error(
    news: Path, arguments: list[str], redirection: str, sentence: str
) -> None:
    files = [news] if arguments[0] == "check" and "--help" not in arguments else []
    assert shell(redirection, *arguments, *files) == (1, "", sentence)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_messages_that_cannot_be_written_do_not_change_the_result(redirection: str, news: Path) -> None:
    status, printed, _ = shell(redirection, "check", "--output", news.parent / "checked", "--json", news)
    assert (status, printed[:1]) == (0, "{")  # with --json, the names of the files go to standard error
    assert shell(redirection, "check", "missing.csv")[:2] == (2, "")


@pytest.mark.parametrize("redirection", ["<&- 2>&-", pytest.param("2>/dev/full", marks=pytest.mark.slow)])
def test_progress_that_cannot_be_written_does_not_end_a_training(redirection: str, news: Path) -> None:
    status, printed, _ = shell(redirection, "fit", news, "--output", news.parent / "models/news/1")
    assert (status, "1: written, and loaded" in printed) == (0, True)
