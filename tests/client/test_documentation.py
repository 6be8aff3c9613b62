"""The examples of docs/client.md and client/README.md that are whole scripts run as they are printed."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, RunningServer

PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")


@pytest.fixture(scope="module")
def url(tiny_bundle: Path):
    with RunningServer(tiny_bundle, access_log=False) as server:
        yield server.url


def run_example(heading: str, folder: Path, url: str) -> str:
    """What the Python example under a heading prints."""
    section = re.split(r"^##+ ", PAGE.partition(f"### {heading}\n")[2], flags=re.MULTILINE)[0]
    [script] = python_blocks(section)
    return run_script(script, folder, url)


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run_script(script: str, folder: Path, url: str) -> str:
    """What a script prints with the address of this server in it."""
    (folder / "script.py").write_text(script.replace("http://127.0.0.1:8000", url))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "client")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_asynchronous_example_prints_an_answer_for_each_headline(tmp_path: Path, url: str):
    single, *iterated = run_example("Asyncio and trio", tmp_path, url).splitlines()
    assert "crude" in single
    assert len(iterated) == 2


def test_asynchronous_example_of_the_package_prints_an_answer_for_each_headline(tmp_path: Path, url: str):
    [_, script] = python_blocks((ROOT / "client" / "README.md").read_text("utf-8"))
    lines = run_script(script, tmp_path, url).splitlines()
    assert [line.startswith("Answer(") for line in lines] == [True] * 3


def test_example_prints_the_best_topic_of_each_line_and_why_there_is_none(tmp_path: Path, url: str):
    (tmp_path / "headlines.txt").write_text("oil barrel\n" + "x" * 30_000 + "\nflurble\n")
    first, refused, unknown = run_example("Many headlines", tmp_path, url).splitlines()
    assert "crude" in first
    assert refused.startswith("headline 1: ")
    assert unknown == "None"


def test_example_keeps_all_columns_of_a_file(tmp_path: Path, url: str):
    (tmp_path / "news.csv").write_text('\ufeffid,title,date\n7,"oil, barrel",Monday\n8,,Tuesday\n9,"  ",\n', "utf-8")
    run_example("Keep the columns of a file", tmp_path, url)
    with (tmp_path / "topics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "title", "date", "topic", "probability", "abstained", "error"]
    assert [(row["id"], row["title"], row["date"]) for row in rows] == [
        ("7", "oil, barrel", "Monday"),
        ("8", "", "Tuesday"),
        ("9", "  ", ""),
    ]
    assert [(row["topic"], row["abstained"], row["error"]) for row in rows] == [
        ("crude", "", ""),
        ("", "", "is empty"),
        ("", "no_known_words", ""),
    ]
    assert 0 < float(rows[0]["probability"]) < 1
