from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training.cli import cli


@pytest.fixture
def file(tmp_path: Path) -> Path:
    labelled = [("rain", "wet"), ("fog", "dull"), ("chess", "other")]
    lines = [f"{text} number {number},{label}" for number in range(9) for text, label in labelled]
    (file := tmp_path / "rows.csv").write_text("\n".join(["text,label", *lines]))
    return file


def check(file: Path, *outside: str) -> Result:
    options = [part for label in outside for part in ("--outside", label)]
    return CliRunner().invoke(cli, ["check", str(file), *options])


@pytest.mark.parametrize(
    ("label", "advice"),
    [("Other", "did you mean other?"), ("nothing", "name the label of texts about none of the others.")],
)
def test_outside_label_that_no_row_has_is_refused(file: Path, label: str, advice: str) -> None:
    done = check(file, label)
    assert (done.exit_code, done.stderr) == (1, f"Error: --outside: no row has the label {label!r}; {advice}\n")


def test_outside_label_of_some_rows_is_no_label(file: Path) -> None:
    assert "2 labels" in check(file, "other").stdout


def test_outside_class_may_have_several_labels(file: Path) -> None:
    file.write_text(file.read_text() + "".join(f"\npoetry evening {number},outside" for number in range(9)))
    assert "3 labels" in (one := check(file, "other")).stdout
    assert "also give --outside outside; the option may be repeated." in " ".join(one.stdout.split())
    assert "2 labels" in (both := check(file, "other", "outside")).stdout
    assert "also give" not in both.stdout


def test_outside_labels_that_no_row_has_are_all_named(file: Path) -> None:
    assert "no row has the label 'Other' or 'nothing'; did you mean other?" in check(file, "Other", "nothing").stderr


def test_rows_without_a_label_are_outside_whatever_the_option_says(file: Path) -> None:
    file.write_text(file.read_text() + "\nhaze,\nmist in the valley,")
    assert "3 labels" in check(file, "none").stdout


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    lines = [
        f"{text} number {number},{label}" for number in range(9) for text, label in (("rain", "wet"), ("fog", "dry"))
    ]
    (asked := tmp_path / "ask.csv").write_text("\n".join(["question,topic", *lines]))
    return asked


NAMED = ("--text", "question", "--label", "topic")


@pytest.mark.parametrize("before", [(), ("--test",)])
def test_files_with_different_columns_are_refused_with_what_to_do(
    file: Path, asked: Path, before: tuple[str, ...]
) -> None:
    done = CliRunner().invoke(cli, ["check", str(asked), *before, str(file), *NAMED])
    assert done.exit_code == 1
    assert f"{file}: there is no column 'question'; it has: 'text', 'label'." in done.stderr
    assert "Every file must have the columns of --text and --label; rename the columns of this one" in done.stderr
    assert CliRunner().invoke(cli, ["check", str(asked), str(file)]).exit_code == 0


def test_advice_about_several_files_is_not_given_for_one(file: Path) -> None:
    assert "Every file" not in CliRunner().invoke(cli, ["check", str(file), *NAMED]).stderr
