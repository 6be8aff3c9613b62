"""classify --engine ray gives the answers of classify, each once, even if nodes die."""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from tests.ray.conftest import COMMAND_SECONDS, Run, TwoNodes
from tests.server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.ray]

HEADLINES = int(os.environ.get("RAY_HEADLINES", "100_000"))
"""Number of headlines in the test that kills a node."""

FILES = 40


def headlines(count: int) -> Iterator[str]:
    chance = random.Random(1987)
    words = ["oil", "prices", "rise", "OPEC", "wheat", "harvest", "gold", "bank", "shares", "Café", "zzyzx", "trade"]
    for number in range(count):
        yield f"{' '.join(chance.choices(words, k=chance.randint(1, 9)))} {number}"


def in_one_process(file: Path, *options: object) -> Result:
    return CliRunner().invoke(main, ["classify", "-f", str(file), *map(str, options)])


@pytest.fixture(autouse=True)
def model(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))


@pytest.fixture
def mixed(tmp_path: Path, run: Run) -> Path:
    """A folder with a file of every kind, with bad rows in all of them."""
    folder = tmp_path / "in put"
    (folder / "more").mkdir(parents=True)
    (folder / "a b.csv").write_bytes(b'id,headline\n1,"oil\nprices"\n2\n3,"a"b\n4,\xff\n5,gold\n')
    (folder / "more" / "b.jsonl").write_text('{"headline": "oil"}\n{"headline": 7}\n{\n{"headline": null}\n')
    (folder / "c.txt").write_text(
        "oil\n\nzzyzx\n" + "gold " * 5000 + "\n" + "".join(f"{one}\n" for one in headlines(500))
    )
    (folder / "_passed_over.txt").write_text("oil\n")
    (folder / "empty.txt").write_text("")
    (tmp_path / "values").write_text('"oil"\nnull\n"wheat"\n""')
    run("-m", "tests.ray.running.parquet", tmp_path / "values", folder / "d.parquet", "string")
    return folder


def written(target: Path, file: str, form: str = "jsonl") -> Path:
    return target / f"file={file.replace(' ', '%20').replace('/', '%2F')}" / f"part-000000.{form}"


def told(target: Path, file: str) -> list[str]:
    """The messages about bad rows, in the form of the one-core command."""
    lines = written(target / "_bad", file).read_text("utf-8").splitlines()
    return [f"line {one['line']} {one['reason']}" for one in map(json.loads, lines)]


def test_every_kind_of_file_is_answered_as_in_one_process_and_a_rerun_does_what_is_left(
    run: Run, two_nodes: TwoNodes, mixed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    said = run.classify("--engine", "ray", mixed, target, "--top-k", 2, status=1).stderr
    texts = ["a b.csv", "c.txt", "empty.txt", "more/b.jsonl"]
    for file in texts[:2] + texts[3:]:
        here = in_one_process(mixed / file, "--top-k", 2)
        assert written(target, file).read_text("utf-8") == here.stdout, file
        assert told(target, file) == [line for line in here.stderr.splitlines() if line.startswith("line ")], file
    rows = [json.loads(line) for line in written(target, "d.parquet").read_text().splitlines()]
    alone = [
        json.loads(line)
        for line in CliRunner().invoke(main, ["classify", "oil", "wheat", "--top-k", "2"]).stdout.splitlines()
    ]
    assert rows == [alone[0], alone[1] | {"line": 3}]
    assert told(target, "d.parquet") == ["line 2 has no text", "line 4 has no text"]
    assert "bad rows are in 4 files in _bad" in said

    there = sorted(file for file in target.rglob("*") if file.is_file())
    assert {file.relative_to(target).parts[0] for file in there} == {
        "_bad",
        "_plan.json",
        *(f"file={name}" for name in ("a%20b.csv", "c.txt", "more%2Fb.jsonl", "d.parquet")),
    }
    content = {file: file.read_bytes() for file in there}
    times = {file: file.stat().st_mtime_ns for file in there}
    # The state after a stopped run: one shard missing, one half written.
    lost = written(target, "c.txt")
    lost.unlink()
    (target / "_unfinished").mkdir()
    (target / "_unfinished" / "0").write_text('{"line": 1, "head')
    rerun = ["--engine", "ray", mixed, target, "--address", two_nodes.address]
    said = run.classify(*rerun, "--top-k", 2, status=1).stderr
    assert "4 shards, 3 of them from earlier runs; 502 headlines classified in this run" in said
    assert {file: file.read_bytes() for file in target.rglob("*") if file.is_file()} == content
    again = {file for file in there if file.stat().st_mtime_ns != times[file]}
    assert again == {lost, written(target / "_bad", "c.txt")}

    other = run.classify(*rerun, status=3).stderr
    assert "holds the answers of another run, which differs in top_k; name an empty or new folder." in other
    (mixed / "more" / "b.jsonl").write_text('{"headline": "wheat"}\n')
    other = run.classify(*rerun, "--top-k", 2, status=3).stderr
    assert "which differs in files;" in other


def test_parquet_comes_out_with_the_columns_of_the_command(run: Run, two_nodes: TwoNodes, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("title\n" + "".join(f"{one}\n" for one in headlines(300)))
    options = ["--address", two_nodes.address, "--column", "title", "--format", "parquet", "--top-k", 2]
    # Relative paths, although a cluster's processes run elsewhere.
    run.classify("--engine", "ray", *(os.path.relpath(path, ROOT) for path in (file, tmp_path / "out")), *options)
    read = "import pyarrow.dataset as d, json; t = d.dataset({!r}, partitioning='hive').to_table().sort_by('line');"
    read += " print(json.dumps([str(t.schema.types), t.to_pylist()]))"
    types, rows = json.loads(run("-c", read.format(str(tmp_path / "out"))).stdout)
    here = [json.loads(line) for line in in_one_process(file, "--column", "title", "--top-k", 2).stdout.splitlines()]
    assert [list(row) for row in rows[:1]] == [[*here[0], "file"]]
    assert rows == [one | {"file": "a.csv"} for one in here]
    assert types.count("double") == 3


@pytest.mark.parametrize(
    ("files", "status", "sentence"),
    [
        ({}, 4, "in: holds no file to read"),
        (
            {"a.csv": "id,title\n1,oil\n"},
            2,
            "a.csv: there is no column 'headline'; the first line has: id, title; choose one with --column.",
        ),
        ({"a.parquet": "?" * 20}, 4, "a.parquet: cannot be read (Parquet magic bytes not found"),
    ],
)
def test_failed_command_prints_one_sentence(  # noqa: PLR0917
    run: Run, two_nodes: TwoNodes, tmp_path: Path, files: dict[str, str], status: int, sentence: str
) -> None:
    (tmp_path / "in").mkdir()
    for name, content in files.items():
        (tmp_path / "in" / name).write_text(content)
    said = run.classify(
        "--engine", "ray", tmp_path / "in", tmp_path / "out", "--address", two_nodes.address, status=status
    ).stderr
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_address_without_a_server_is_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("oil\n")
    arguments = ["--engine", "ray", "--address", "127.0.0.1:1", tmp_path / "a.txt", tmp_path / "out"]
    assert "127.0.0.1:1: cannot be reached" in run.classify(*arguments, status=3).stderr


def test_node_killed_half_way_loses_and_duplicates_no_row(run: Run, two_nodes: TwoNodes, tmp_path: Path) -> None:
    folder, target = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    texts = headlines(HEADLINES)
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text("".join(f"{next(texts)}\n" for _ in range(HEADLINES // FILES)))
    command = ["-m", "app", "classify", "--engine", "ray", "--address", two_nodes.address, folder, target]
    with run.start(*command) as process:
        try:
            due = time.monotonic() + COMMAND_SECONDS
            while len(list(target.glob("file=*/*"))) < FILES // 2 and process.poll() is None and time.monotonic() < due:
                time.sleep(0.05)
            two_nodes.kill_second()
            there = len(list(target.glob("file=*/*")))
            _, said = process.communicate(timeout=COMMAND_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert FILES // 2 <= there < FILES, "the node did not die half-way"
    for number in range(FILES):
        here = in_one_process(folder / f"{number:02}.txt").stdout
        assert written(target, f"{number:02}.txt").read_text("utf-8") == here
    assert len(list(target.rglob("part-*"))) == FILES
