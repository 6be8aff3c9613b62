"""`evaluate --test` with a file that the bundle was trained on."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.tiny_bundle import write_any_bundle
from training.cli import cli
from training.fit.source_files import unpacked_digests

TOPICS = {"t0": ("One", "word0"), "t1": ("Two", "word1")}
Fitted = Callable[..., Path]


def table(file: Path, *rows: str) -> Path:
    file.write_text("\n".join(["text,label", *rows, ""]))
    return file


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return table(tmp_path / "train.csv", "word0,t0", "word1,t1")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return table(tmp_path / "new.csv", "word0 new,t0", "word1 new,t1")


@pytest.fixture
def fitted(tmp_path: Path) -> Fitted:
    def write(*files: Path, name: str = "town", **data: object) -> Path:
        golden = ["word0 in the town", "word1 in the town", "word0 word1 by the sea", "word1", ""]
        digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        return write_any_bundle(
            tmp_path / name, TOPICS, name=name, golden=golden, recipe={"name": "fit"}, data={"sha256": digests} | data
        )

    return write


def evaluate(bundle: Path, *files: Path, options: tuple[object, ...] = ()) -> Result:
    tests = [argument for file in files for argument in ("--test", file.name)]
    return CliRunner().invoke(cli, ["evaluate", str(bundle), *tests, *map(str, options)])


def sentence(files: str, these: str = "this file", name: str = "town") -> str:
    return (
        f"{files}: {name}/1 was trained on rows of {these} (same SHA-256), so the figures are better than on new texts;"
        " use rows that were not used in training, or the test figures in its model card."
    )


def test_training_file_is_warned_about_and_still_measured(fitted: Fitted, train: Path) -> None:
    bundle = fitted(train, test_files=0)
    result = evaluate(bundle, train.rename(train.with_name("renamed.csv")))
    assert result.exit_code == 0, result.output
    assert result.stderr == sentence("renamed.csv") + "\n"
    assert "accuracy                      1.0000" in result.stdout


def test_warning_is_one_line_whatever_the_name_of_the_file(fitted: Fitted, train: Path) -> None:
    bundle = fitted(train, test_files=0)
    result = evaluate(bundle, train.rename(train.with_name("two\n\x1b[31mlines.csv")))
    assert result.stderr == sentence("two  [31mlines.csv") + "\n"


def test_bundle_that_does_not_name_its_files_is_measured(tmp_path: Path, train: Path) -> None:
    result = evaluate(write_any_bundle(tmp_path / "town", TOPICS, recipe={"name": "fit"}), train)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""


def test_json_has_the_warning(fitted: Fitted, train: Path, new: Path) -> None:
    bundle = fitted(train, test_files=0)
    figures = json.loads(evaluate(bundle, train, options=("--json",)).stdout)
    assert figures["warnings"] == [sentence("train.csv")]
    assert figures["test"]["accuracy"] == 1
    assert json.loads(evaluate(bundle, new, options=("--json",)).stdout)["warnings"] == []


def test_of_several_files_those_trained_on_are_named(fitted: Fitted, train: Path, new: Path, tmp_path: Path) -> None:
    more = table(tmp_path / "more.csv", "word0 more,t0")
    bundle = fitted(train, more, test_files=0)
    assert evaluate(bundle, new, more).stderr == sentence("more.csv") + "\n"
    assert evaluate(bundle, train, new, more).stderr == sentence("train.csv, more.csv", "these files") + "\n"


def test_compressed_copy_is_recognized(fitted: Fitted, train: Path) -> None:
    (packed := train.with_name("train.csv.gz")).write_bytes(gzip.compress(train.read_bytes()))
    assert evaluate(fitted(train, test_files=0), packed).stderr == sentence("train.csv.gz") + "\n"
    assert evaluate(fitted(packed, name="packed", test_files=0), packed).stderr == (
        sentence("train.csv.gz", name="packed") + "\n"
    )


@pytest.mark.parametrize("level", [None, 1])
def test_content_of_a_compressed_training_file_is_recognized(
    fitted: Fitted, train: Path, new: Path, level: int | None
) -> None:
    packed = train.with_name("train.csv.gz")
    packed.write_bytes(gzip.compress(train.read_bytes()))
    bundle = fitted(packed, new, test_files=1, unpacked_sha256=unpacked_digests([packed]))
    copy = train if level is None else train.with_name("copy.csv.gz")
    if level is not None:
        copy.write_bytes(gzip.compress(train.read_bytes(), level))
    assert evaluate(bundle, copy).stderr == sentence(copy.name) + "\n"
    assert evaluate(bundle, new).stderr == ""


def test_test_files_of_fit_are_no_training_files(fitted: Fitted, train: Path, new: Path) -> None:
    bundle = fitted(train, new, test_files=1)
    assert evaluate(bundle, new).stderr == ""
    assert evaluate(bundle, train).stderr != ""


def test_older_bundle_is_known_to_be_trained_on_its_first_file_only(fitted: Fitted, train: Path, new: Path) -> None:
    bundle = fitted(train, new)
    assert evaluate(bundle, new).stderr == ""
    assert evaluate(bundle, train).stderr == sentence("train.csv") + "\n"


def test_comparison_warns_about_each_bundle(fitted: Fitted, train: Path, new: Path) -> None:
    one, two = fitted(train, test_files=0), fitted(train, new, name="city", test_files=0)
    result = evaluate(one, train, options=("--against", two))
    assert result.stderr.splitlines() == [sentence("train.csv"), sentence("train.csv", name="city")]
    figures = json.loads(evaluate(one, new, options=("--against", two, "--json")).stdout)
    assert figures["warnings"] == [sentence("new.csv", name="city")]


def test_golden_headlines_among_the_rows_are_warned_about(fitted: Fitted, train: Path, tmp_path: Path) -> None:
    copy = table(tmp_path / "copy.csv", "word0 in  the town,t0", "word1 in the town,t1", "word1 new,t1")
    done = evaluate(fitted(train), copy)
    assert done.exit_code == 0
    assert "accuracy" in done.stdout
    assert done.stderr.startswith(
        "town/1 was trained on 2 of these rows and probably on others: they are among its 3 golden headlines of 3 or"
        " more words."
    )


def test_one_golden_headline_or_short_ones_may_occur_in_new_rows(fitted: Fitted, train: Path, tmp_path: Path) -> None:
    new = table(tmp_path / "new.csv", "word0 in the town,t0", "word1,t1", "word1 new,t1")
    assert evaluate(fitted(train), new).stderr == ""


def test_golden_headlines_of_other_recipes_are_no_training_rows(tmp_path: Path) -> None:
    golden = ["word0 in the town", "word1 in the town"]
    bundle = write_any_bundle(tmp_path / "town", TOPICS, golden=golden, recipe={"name": "headlines"})
    assert evaluate(bundle, table(tmp_path / "rows.csv", *(f"{text},t0" for text in golden))).stderr == ""


def test_training_file_is_warned_about_once(fitted: Fitted, tmp_path: Path) -> None:
    file = table(tmp_path / "train.csv", "word0 in the town,t0", "word1 in the town,t1")
    done = evaluate(fitted(file), file)
    assert done.stderr.count("trained on") == 1
    assert "same SHA-256" in done.stderr
