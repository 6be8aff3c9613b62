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


def check(file: Path | str, *outside: str) -> Result:
    options = [part for label in outside for part in ("--outside", label)]
    return CliRunner().invoke(cli, ["check", str(file), *options])


@pytest.mark.parametrize(
    ("label", "advice"),
    [("Other", "did you mean other?"), ("nothing", "name the label of texts about none of the others.")],
)
def test_outside_label_that_no_row_has_is_refused(file: Path, label: str, advice: str) -> None:
    done = check(file, label)
    assert (done.exit_code, done.stderr) == (1, f"Error: --outside: no row has the label {label!r}; {advice}\n")


def test_empty_path_is_not_taken_for_the_working_folder() -> None:
    done = check("")
    assert done.exit_code == 2
    assert "The value is empty" in done.stderr


def test_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.exit_code == 2
    assert f"'{tmp_path}' is a folder; name the files in it or, if each label has a folder, convert them" in done.stderr


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


def test_mistyped_outside_label_is_refused_although_rows_have_another(file: Path) -> None:
    file.write_text(file.read_text() + "".join(f"\npoetry evening {number},outside" for number in range(9)))
    done = check(file, "other", "outsde")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: --outside: no row has the label 'outsde'; did you mean outside?\n",
    )
    assert "3 labels" in check(file, "other", "none").stdout  # files without rows of a usual label


def test_outside_label_may_be_in_the_test_file_only(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() + "".join(f"\nsleet number {number},wets" for number in range(9)))
    (test := tmp_path / "test.csv").write_text("text,label\nhail,wet\nopera,wet2\n")
    done = CliRunner().invoke(cli, ["check", str(file), "--test", str(test), "--outside", "other", "--outside", "wet2"])
    assert done.exit_code == 0, done.output


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


@pytest.mark.parametrize("command", ["check", "fit"])
@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--seed", "99999999999999999999", "not in the range 0<=x<=2147483647"),
        ("--seed", "-1", "not in the range"),
        ("--test-share", "nan", "nan is not a number"),
        ("--test-share", "inf", "not in the range"),
        ("--test-share", "-0.0", "not in the range"),
        ("--most-bad", "nan", "nan is not a number"),
        ("--most-bad", "-inf", "not in the range"),
        ("--min-rows", "1", "not in the range"),
        ("--min-rows", "1e3", "not a valid integer"),
    ],
)
def test_number_out_of_range_is_refused_in_one_sentence(
    file: Path, command: str, option: str, value: str, reason: str
) -> None:
    output = ["--output", str(file.with_name("1"))] if command == "fit" else []
    done = CliRunner().invoke(cli, [command, str(file), option, value, *output])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}': " in done.stderr
    assert reason in done.stderr


def test_seed_and_those_after_it_are_ones_that_every_library_takes(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["train", "--seed", str(2**31), "--output", str(tmp_path / "1")])
    assert (done.exit_code, "not in the range 0<=x<=2147483647" in done.stderr) == (2, True)
    assert CliRunner().invoke(cli, ["check", str(file), "--seed", str(2**31 - 1)]).exit_code == 0


NAMED = ("--text", "question", "--label", "topic")


@pytest.mark.parametrize("before", [(), ("--test",)])
def test_files_with_different_columns_are_refused_with_what_to_do(
    file: Path, asked: Path, before: tuple[str, ...]
) -> None:
    done = CliRunner().invoke(cli, ["check", str(asked), *before, str(file), *NAMED])
    assert done.exit_code == 1
    assert f"{file}: there is no column 'question'; it has: 'text', 'label'." in done.stderr
    assert "Every file must have the columns of --text and --label; rename the columns of this one" in done.stderr
    assert "--test FILE" not in done.stderr
    assert CliRunner().invoke(cli, ["check", str(asked), str(file)]).exit_code == 0


def test_files_without_the_column_of_times_are_refused_with_what_to_do(file: Path, tmp_path: Path) -> None:
    dated = tmp_path / "dated.csv"
    dated.write_text("text,label,day\noil,energy,2026-11-26\n")
    named = ("--text", "text", "--label", "label", "--time", "day")
    done = CliRunner().invoke(cli, ["check", str(dated), str(file), *named])
    assert f"{file}: there is no column 'day'; it has: 'text', 'label'." in done.stderr
    assert "the columns of --text, --label and --time; rename" in done.stderr
    assert done.stderr.endswith("If its rows have no times, use --test FILE instead of --time.\n")


def test_objects_without_fields_have_no_columns(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n{}\n")
    done = CliRunner().invoke(cli, ["check", str(tmp_path / "rows.jsonl"), *NAMED])
    assert done.exit_code == 1
    assert "there is no column 'question'; it has none." in done.stderr


def test_advice_about_several_files_is_not_given_for_one(file: Path) -> None:
    done = CliRunner().invoke(cli, ["check", str(file), *NAMED])
    assert "there is no column" in done.stderr
    assert "Every file" not in done.stderr
