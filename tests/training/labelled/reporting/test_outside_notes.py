"""Notes about the outside class: when its rows are missing, mistaken for a label, or too few."""

from pathlib import Path

import pytest

from training.labelled.read import ReadingOptions, read_rows
from training.labelled.reporting.check import check
from training.labelled.reporting.outside_notes import ONE_OUTSIDE
from training.labelled.split import MIN_ROWS, split_rows


def found(
    folder: Path, others: list[str], *outside: str, min_rows: int = MIN_ROWS, separator: str | None = None
) -> list[str]:
    """Notes about the outside class on a file with these lines beside those of two labels."""
    words = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")
    known = [f"{one} {two} {label},{label}" for label in ("sport", "money") for one in words for two in words]
    (folder / "rows.csv").write_text("\n".join(["text,label", *known, *others]), "utf-8")
    table = read_rows([folder / "rows.csv"], ReadingOptions(outside=outside, label_separator=separator, most_bad=0.9))
    marks = ("--outside", "about none of the labels")
    report = check(table, split_rows(table, min_rows=min_rows))
    return [note for note in report.notes if any(mark in note for mark in marks)]


def rows(number: int, label: str) -> list[str]:
    return [f"stray text of the number {i} word{i},{label}" for i in range(number)]


def test_clean_labels_need_no_note(tmp_path: Path) -> None:
    assert found(tmp_path, []) == []


@pytest.mark.parametrize(
    ("label", "shown"),
    [("Other", "--outside Other:"), ("off topic", "--outside 'off topic':"), ("기타", "--outside '기타':")],
)
def test_label_that_means_none_of_the_others_suggests_the_option(tmp_path: Path, label: str, shown: str) -> None:
    [note] = found(tmp_path, rows(40, label))
    assert note.startswith(f"{label!r} is learned as one more label.")
    assert shown in note


def test_several_labels_that_mean_none_of_the_others_are_one_note(tmp_path: Path) -> None:
    more = [f"correction of the page {i} word{i},Misc" for i in range(20)]
    [note] = found(tmp_path, [*rows(40, "other"), *more])
    assert note.startswith("'other' and 'Misc' are learned as labels. If they stand for")
    assert "use --outside other --outside Misc: each answer" in note


@pytest.mark.parametrize("outside", ["", "other"])
@pytest.mark.parametrize(("number", "becomes"), [(6, "is learned as one more label"), (3, "has too few rows")])
def test_label_beside_the_outside_class_that_means_the_same_is_noted(
    tmp_path: Path, outside: str, number: int, becomes: str
) -> None:
    more = [f"correction of the page {i} word{i},outside" for i in range(number)]
    [note] = found(tmp_path, [*rows(40, outside), *more], outside)
    assert note.startswith(f"'outside' {becomes}")
    assert note.endswith("also give --outside outside; the option may be repeated.")
    assert found(tmp_path, [*rows(40, outside), *more], outside, "outside") == []


def test_rare_label_that_means_none_of_the_others_suggests_the_option(tmp_path: Path) -> None:
    [note] = found(tmp_path, rows(3, "outside"))
    assert note.startswith("'outside' has too few rows to be learned.")
    assert "use --outside outside:" in note


def test_beside_rows_with_several_labels_no_outside_class_is_promised(tmp_path: Path) -> None:
    several = [f"amber both kinds {i},sport|money" for i in range(20)]
    [note] = found(tmp_path, [*several, *rows(40, "other")], separator="|")
    assert note.endswith("use --outside other: the model then learns that no label fits such texts.")


def test_rows_without_a_label_suggest_the_option(tmp_path: Path) -> None:
    [note] = found(tmp_path, rows(40, ""))
    assert note == "Rows without a label: 40. If they are about none of the labels, use --outside '' to learn them."


def test_few_rows_without_a_label_are_said_to_be_too_few(tmp_path: Path) -> None:
    [note] = found(tmp_path, rows(21, ""))
    assert note.startswith(
        "Rows without a label: 21. If they are about none of the labels, add more of them, at least 30"
    )


@pytest.mark.parametrize(("label", "several"), [("", []), ("other", []), ("", ["sport|money"] * 20)])
def test_rows_about_none_of_the_labels_that_are_left_out_are_no_rare_label(
    tmp_path: Path, label: str, several: list[str]
) -> None:
    both = [f"amber both kinds {i},{labels}" for i, labels in enumerate(several)]
    [note] = found(tmp_path, [*both, *rows(4, label)], label, separator="|")
    assert note == (
        "Rows about none of the labels: 4. These are too few to be learned, and are left out; add more, at least 30 in"
        " all."
    )


def test_one_training_row_about_none_of_the_labels_is_said_to_be_too_few_to_train(tmp_path: Path) -> None:
    assert found(tmp_path, rows(2, "other"), "other", min_rows=2) == [ONE_OUTSIDE]  # the other one is a test row


def test_one_training_row_without_a_label_is_learned_beside_rows_with_several_labels(tmp_path: Path) -> None:
    several = [f"amber both kinds {i},sport|money" for i in range(20)]
    [note] = found(tmp_path, [*several, *rows(2, "")], "", min_rows=2, separator="|")
    assert note.startswith("Training rows about none of the labels: 1.")


@pytest.mark.parametrize("outside", ["", "other"])
def test_enough_rows_about_none_of_the_labels_need_no_note(tmp_path: Path, outside: str) -> None:
    assert found(tmp_path, rows(40, outside), outside) == []


def test_few_rows_about_none_of_the_labels_are_said_to_be_too_few(tmp_path: Path) -> None:
    [note] = found(tmp_path, rows(20, "other"), "other")
    assert note.startswith("Training rows about none of the labels: 18. These are too few")
