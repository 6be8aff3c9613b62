"""Class names that Hugging Face datasets writes to Parquet: labels are these names instead of numbers."""

import json
from pathlib import Path

import pytest

from training.labelled.read import ReadingOptions, read_rows
from training.labelled.reporting.check import check
from training.labelled.reporting.terminal import terminal_report
from training.labelled.rows import Table
from training.labelled.split import split_rows

pa = pytest.importorskip("pyarrow", reason="needs the train extra")
pq = pytest.importorskip("pyarrow.parquet")

CLASSES = {"names": ["World", "Sports"], "_type": "ClassLabel"}
OLDER = {"num_classes": 2, "names": ["World", "Sports"], "names_file": None, "id": None, "_type": "ClassLabel"}


def read(path: Path, labels: object, feature: object, **options: object) -> Table:
    """Rows of a file as `Dataset.to_parquet` writes it."""
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": feature}
    return read_with(path, labels, json.dumps({"info": {"features": features}}), **options)


def read_with(path: Path, labels: object, metadata: str | bytes, **options: object) -> Table:
    table = pa.table({"text": [f"text {i}" for i in range(len(labels))], "label": labels})  # type: ignore[arg-type]
    pq.write_table(table.replace_schema_metadata({"huggingface": metadata}), path / "a.parquet")
    return read_rows([path / "a.parquet"], ReadingOptions(**options))  # type: ignore[arg-type]


def labels_of(table: Table) -> list[tuple[str, ...]]:
    return [row.labels for row in table.rows]


@pytest.mark.parametrize("feature", [CLASSES, OLDER])
@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.uint16()])
def test_numbers_of_classes_become_their_names(tmp_path: Path, feature: object, kind: object) -> None:
    table = read(tmp_path, pa.array([1, 0, 1], kind), feature)
    assert labels_of(table) == [("Sports",), ("World",), ("Sports",)]
    assert table.columns[0].classes == 2


@pytest.mark.parametrize(
    "feature",
    [
        {"feature": CLASSES, "_type": "List"},
        {"feature": OLDER, "length": -1, "id": None, "_type": "Sequence"},
        [CLASSES],
    ],
)
def test_lists_of_numbers_become_lists_of_names(tmp_path: Path, feature: object) -> None:
    table = read(tmp_path, [[1, 0], [0], []], feature, outside=("",))
    assert labels_of(table) == [("Sports", "World"), ("World",), ()]


def test_minus_one_and_null_are_no_label(tmp_path: Path) -> None:
    table = read(tmp_path, [0, -1, None], CLASSES, most_bad=1)
    assert (labels_of(table), table.bad_reasons) == ([("World",)], {"has no label": 2})
    assert labels_of(read(tmp_path, [0, -1, None], CLASSES, outside=("",))) == [("World",), (), ()]


@pytest.mark.parametrize(("labels", "feature"), [([0, 2, -2], CLASSES), ([[0], [0, 2], [-2, 1]], [CLASSES])])
def test_number_without_a_name_is_a_bad_row(tmp_path: Path, labels: object, feature: object) -> None:
    table = read(tmp_path, labels, feature, most_bad=1)
    assert labels_of(table) == [("World",)]
    assert [row.why for row in table.first_bad] == [
        "has the label 2, but the file names the classes 0 to 1",
        "has the label -2, but the file names the classes 0 to 1",
    ]


def test_too_long_list_is_still_a_bad_row(tmp_path: Path) -> None:
    table = read(tmp_path, [[0], [0] * 1_001], [CLASSES], most_bad=1)
    assert (labels_of(table), table.first_bad[0].why[:32]) == ([("World",)], "has a cell of more than 80,000 b")


@pytest.mark.parametrize("labels", [["1", "0"], [1.0, 0.0], [True, False]])
def test_labels_that_are_not_whole_numbers_stay(tmp_path: Path, labels: list[object]) -> None:
    table = read(tmp_path, labels, CLASSES)
    assert (labels_of(table)[1][0] in {"0", "false"}, table.columns[0].classes) == (True, 0)


@pytest.mark.parametrize(
    "feature",
    [
        {"dtype": "int64", "_type": "Value"},
        {"names": "World", "_type": "ClassLabel"},
        {"names": ["World", 1], "_type": "ClassLabel"},
        {"names": ["World", "World"], "_type": "ClassLabel"},
        {"names": [], "_type": "ClassLabel"},
        {"feature": CLASSES},
        [],
        "ClassLabel",
        None,
    ],
)
def test_numbers_stay_without_names_for_them(tmp_path: Path, feature: object) -> None:
    table = read(tmp_path, [1, -1], feature)
    assert (labels_of(table), table.columns[0].classes) == ([("1",), ("-1",)], 0)


@pytest.mark.parametrize("metadata", [b"\xff", "{", "[" * 100_000, "[]", '{"info": []}', '{"info": {"features": 1}}'])
def test_metadata_of_another_form_is_ignored(tmp_path: Path, metadata: str | bytes) -> None:
    assert labels_of(read_with(tmp_path, [1, 0], metadata)) == [("1",), ("0",)]


def test_check_says_that_labels_have_the_names_of_the_file(tmp_path: Path) -> None:
    table = read(tmp_path, [0, 1] * 20, CLASSES)
    report = check(table, split_rows(table))
    assert "labels from 'label' (both guessed), with the 2 class names of the file\n" in terminal_report(report)
    assert report.as_dict()["columns"][0]["classes"] == 2
