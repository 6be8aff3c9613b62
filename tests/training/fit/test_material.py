"""Rows of a fit before they are learned from."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training.cli.labelled import fit
from training.errors import LabelsError
from training.fit.material import read_samples, single_labels
from training.labelled.rows import LabelledRow, Table


def table(*labels: tuple[str, ...]) -> Table:
    rows = [LabelledRow(f"text {number}", some, "rows.csv", number) for number, some in enumerate(labels, start=2)]
    return Table(rows, 0, (), ())


def test_rows_with_several_labels_are_refused_with_what_to_do() -> None:
    with pytest.raises(LabelsError) as error:
        single_labels(table(("a",), ("b", "a"), (), ("a", "b")), first=False)
    assert str(error.value) == (
        "rows.csv:3: has several labels, as have 2 of 4 rows, and fit learns one for each row; give --first-label to"
        " learn the first, or leave one label in each row."
    )


def test_first_label_counts_if_asked() -> None:
    some = single_labels(table(("a",), ("b", "a"), ()), first=True)
    assert [row.labels for row in some.rows] == [("a",), ("b",), ()]
    assert [sample.labels for sample in read_samples(some.rows, ["a", "b"]).samples] == [(0,), (1,), ()]


def test_several_labels_stop_the_command_and_no_folder_remains(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}|c\n" for n in range(40)))
    target = tmp_path / "models" / "news" / "1"
    run = CliRunner().invoke(fit, [str(rows), "--label-separator", "|", "--output", str(target)])
    assert isinstance(run.exception, LabelsError)
    assert "give --first-label" in str(run.exception)
    assert list(tmp_path.iterdir()) == [rows]
