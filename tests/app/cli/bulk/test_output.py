"""Output folder of a bulk job: names, bad rows, and only complete files."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli.bulk import output
from app.cli.bulk.output import Output
from app.cli.bulk.sharding import Shard
from app.cli.exit_status import OutputError
from app.cli.predictors import ChunkResult
from app.cli.readers.row import Row
from app.cli.writers import Answer, BulkOutputFormat

SHARD = Shard("more/a b.csv", 7, 0, 9, 1)
NAME = "file=more%2Fa%20b.csv/part-000007"
ANSWERS = ChunkResult([(Row(1, "oil"), Answer([], "no_known_words"))], [])
WITH_BAD = ChunkResult([(Row(2, "gas"), Answer([], "no_known_words"))], [(3, "has no text"), (4, "is not UTF-8")])


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() or file.is_symlink())


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_shard_is_one_file_of_answers_and_one_of_bad_rows(tmp_path: Path, form: BulkOutputFormat) -> None:
    folder = Output(str(tmp_path), form, 1)
    assert folder.name(SHARD) == f"{NAME}.{form}"
    assert folder.write(SHARD, [ANSWERS, WITH_BAD]) == 2
    assert files(tmp_path) == [f"_bad/{NAME}.jsonl", f"{NAME}.{form}"]
    assert folder.names() == {f"_bad/{NAME}.jsonl", f"{NAME}.{form}"}
    assert folder.bad_files() == 1
    lines = (tmp_path / "_bad" / f"{NAME}.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"line": 3, "reason": "has no text"},
        {"line": 4, "reason": "is not UTF-8"},
    ]


def test_shard_without_bad_rows_has_no_file_of_them(tmp_path: Path) -> None:
    folder = Output(str(tmp_path / "new"), "jsonl", 1)
    assert (folder.names(), folder.bad_files(), folder.read_plan()) == (set(), 0, None)
    assert folder.write(SHARD, [ANSWERS]) == 1
    assert (folder.names(), folder.bad_files()) == ({f"{NAME}.jsonl"}, 0)


def test_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = Output(str(tmp_path), "jsonl", 1)
    folder.write_plan(b"{}")
    assert (folder.read_plan(), (tmp_path / "_plan.json").read_bytes()) == (b"{}", b"{}")


def test_shard_that_is_written_again_replaces_its_files(tmp_path: Path) -> None:
    folder = Output(str(tmp_path), "jsonl", 1)
    folder.write(SHARD, [ANSWERS])
    folder.write(SHARD, [ANSWERS, ANSWERS])
    assert len((tmp_path / f"{NAME}.jsonl").read_text().splitlines()) == 2


def test_answers_appear_after_the_bad_rows_and_only_when_they_are_complete(tmp_path: Path) -> None:
    folder = Output(str(tmp_path), "jsonl", 1)

    def interrupted():
        yield WITH_BAD
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.write(SHARD, interrupted())
    [unfinished] = folder.names()
    assert unfinished.startswith("_unfinished/")
    folder.remove_unfinished()
    assert files(tmp_path) == []
    (tmp_path / NAME.partition("/")[0]).write_text("a file where the folder of the answers would be")
    with pytest.raises(OutputError, match="cannot be written"):
        folder.write(SHARD, [WITH_BAD])
    assert files(tmp_path) == [f"_bad/{NAME}.jsonl", NAME.partition("/")[0]]


def test_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: flushed.append(files(tmp_path)))
    Output(str(tmp_path), "jsonl", 1).write(SHARD, [ANSWERS])
    [[file]] = flushed
    assert file.startswith("_unfinished/")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_full_disk_is_one_sentence_and_leaves_no_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: BulkOutputFormat
) -> None:
    (tmp_path / "_unfinished").mkdir()
    (tmp_path / "_unfinished" / "full").symlink_to("/dev/full")
    monkeypatch.setattr(output, "uuid4", lambda: SimpleNamespace(hex="full"))
    many = ChunkResult([(Row(number, "oil"), Answer([], None)) for number in range(10_000)], [])
    with pytest.raises(OutputError) as refused:
        Output(str(tmp_path), form, 1).write(SHARD, [many])
    assert refused.value.message.startswith(f"{tmp_path}/{NAME}.{form}: cannot be written (")
    assert "No space left on device" in refused.value.message
    assert files(tmp_path) == []
