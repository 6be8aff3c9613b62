"""--engine ray: the job that is passed to Ray, and the summary. tests/ray runs Ray itself."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from app.classifier import load_classifier
from app.cli.bulk.command import classify_in_bulk
from app.cli.classify_options import ClassifyOptions
from app.cli.exit_status import UnavailableError
from app.cli.writers import columns
from app.settings import load_settings


class Ray:
    """Replaces the modules that need Ray and pyarrow, and records their arguments."""

    def __init__(self) -> None:
        self.summary = SimpleNamespace(shards=1_200, shards_before=0, classified=3_000_000, bad_files=0)
        self.job: dict[str, Any] = {}
        self.run: tuple[Any, ...] = ()

    def find_files(self, *where: Any) -> tuple[Any, ...]:
        return where

    def make_job(self, **job: Any) -> str:
        self.job = job
        return "the job"

    def classify_files(self, job: str, classifier: Any, **places: Any) -> SimpleNamespace:
        self.run = (job, classifier.bundle.digest, places)
        return self.summary


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    one = Ray()
    monkeypatch.setattr("app.cli.bulk.command.find_spec", lambda _: object())
    for name, module in (
        ("files", SimpleNamespace(find_files=one.find_files)),
        ("plan", SimpleNamespace(Job=one.make_job)),
        ("ray_engine", SimpleNamespace(classify_files=one.classify_files)),
    ):
        monkeypatch.setitem(sys.modules, f"app.cli.bulk.{name}", module)
    return one


def classify(bundle: Path, **options: Any) -> None:
    settings = load_settings(
        serving=False, model=bundle, min_probability=0.25, outside_threshold=0.75, max_characters=77
    )
    given: dict[str, Any] = {
        **dict.fromkeys(("name", "from_line", "model", "url", "api_key")),
        **dict.fromkeys(("columns", "fields", "keep"), ()),
        "headlines": ("in", "out"),
        "form": "csv",
        "top_k": 3,
        "engine": "ray",
        "address": "a",
        "skip_empty": True,
    }
    classify_in_bulk(ClassifyOptions(**given | options), settings)


@pytest.mark.parametrize(
    ("given", "fields", "names"),
    [((), (), ("headline",)), (("title",), (), ("title",)), ((), ("text",), ("text",)), (("a", "b"), (), ("a", "b"))],
)
def test_job_and_run_have_all_options(ray: Ray, tiny_bundle: Path, given: Any, fields: Any, names: Any) -> None:
    classify(tiny_bundle, columns=given, fields=fields)
    digest = load_classifier(tiny_bundle).bundle.digest
    assert ray.job == {
        "files": ("in", given, fields),
        "name": names[0],
        "further_names": names[1:],
        "form": "csv",
        "top_k": 3,
        "digest": digest,
        "min_probability": 0.25,
        "outside_threshold": 0.75,
        "max_characters": 77,
        "skip_empty": True,
        "columns": tuple(columns(1)),
    }
    assert ray.run == ("the job", digest, {"source": "in", "target": "out", "address": "a"})


def test_summary_is_on_standard_error(ray: Ray, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classify(tiny_bundle)
    assert capsys.readouterr() == ("", "out: 1,200 shards; 3,000,000 headlines classified in this run.\n")


def test_shards_of_an_earlier_run_and_bad_rows_are_counted(
    ray: Ray, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ray.summary.shards_before, ray.summary.bad_files = 1_000, 1_001
    with pytest.raises(click.exceptions.Exit) as end:
        classify(tiny_bundle)
    assert end.value.exit_code == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "out: 1,200 shards, 1,000 of them from earlier runs; 3,000,000 headlines classified in this run."
    assert second == "out: bad rows are in 1,001 files in _bad; all others were classified."


@pytest.mark.parametrize("missing", ["ray", "pyarrow"])
def test_missing_package_is_named(missing: str, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.bulk.command.find_spec", lambda name: None if name == missing else object())
    with pytest.raises(UnavailableError, match=r"pip install '\.\[ray\]'"):
        classify(tiny_bundle)
