"""Plan of a bulk job: a second run continues the same job, and no other."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.bulk.files import File
from app.cli.bulk.output import Output
from app.cli.bulk.plan import Job, Plan
from app.cli.bulk.sharding import Shard
from app.cli.exit_status import UnavailableError

FILE = File(name="a.txt", path="/in/a.txt", form="lines", size=4, modified=5)
JOB = Job(
    files=[FILE],
    name="headline",
    form="jsonl",
    top_k=1,
    digest="0a",
    min_probability=0.0,
    max_characters=1000,
    columns=("line", "topic"),
)
PLAN = Plan(job=JOB, shards=[Shard("a.txt", 0, 0, 4, 1)])


@pytest.fixture
def folder(tmp_path: Path) -> Output:
    return Output(str(tmp_path), "jsonl", 1)


def refused(folder: Output, job: Job = JOB) -> str:
    with pytest.raises(UnavailableError) as error:
        Plan.load(folder, "out", job)
    return error.value.message


def test_new_folder_has_no_plan_even_if_a_run_has_died_in_it(folder: Output, tmp_path: Path) -> None:
    assert Plan.load(folder, "out", JOB) is None
    (tmp_path / "_unfinished").mkdir()
    (tmp_path / "_unfinished" / "0").write_text("half")
    assert Plan.load(folder, "out", JOB) is None


def test_plan_of_the_same_job_is_continued(folder: Output) -> None:
    folder.write_plan(PLAN.model_dump_json().encode())
    plan = Plan.load(folder, "out", JOB)
    assert plan == PLAN
    assert plan.shards == [Shard("a.txt", 0, 0, 4, 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"files": [FILE.model_copy(update={"modified": 6})]},
        {"top_k": 2, "digest": "0b"},
        {"name": "title", "min_probability": 0.5, "max_characters": 10},
        {"outside_threshold": 0.5},
        {"skip_empty": True},
        {"further_names": ("body",)},
        {"columns": ()},
    ],
)
def test_plan_of_another_job_is_refused_with_the_differences(folder: Output, changes: dict[str, Any]) -> None:
    folder.write_plan(PLAN.model_dump_json().encode())
    assert refused(folder, JOB.model_copy(update=changes)) == (
        f"out: holds the answers of another run, which differs in {', '.join(changes)}; name an empty or new folder."
    )


def test_plan_of_a_release_without_further_names_is_continued(folder: Output) -> None:
    plan = PLAN.model_dump(mode="json")
    del plan["job"]["further_names"]
    folder.write_plan(json.dumps(plan).encode())
    assert Plan.load(folder, "out", JOB) == PLAN


def test_folder_with_other_files_is_refused(folder: Output, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "_notes.txt").write_text("mine")
    assert refused(folder) == "out: holds other files; name an empty or new folder."


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]"])
def test_plan_that_cannot_be_read_is_refused(folder: Output, content: bytes) -> None:
    folder.write_plan(content)
    assert refused(folder) == "out: its _plan.json cannot be read; name an empty or new folder."
