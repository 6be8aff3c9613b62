"""Rows of a fit before they are learned from."""

from dataclasses import replace

from training.fit.material import first_labels, read_samples
from training.labelled.rows import LabelledRow, Table


def table(*labels: tuple[str, ...]) -> Table:
    rows = [LabelledRow(f"text {number}", some, "rows.csv", number) for number, some in enumerate(labels, start=2)]
    return Table(rows, 0, (), ())


def test_first_label_counts_if_asked() -> None:
    some = first_labels(table(("a",), ("b", "a"), ()))
    assert [row.labels for row in some.rows] == [("a",), ("b",), ()]
    assert [sample.labels for sample in read_samples(some.rows, ["a", "b"]).samples] == [(0,), (1,), ()]


def test_rows_keep_all_their_labels_and_know_their_lines() -> None:
    rows = [replace(row, number=7) for row in table(("b", "a"), ()).rows]
    found = read_samples([*rows, *table(("a",)).rows], ["a", "b"], multi_label=True)
    assert [sample.labels for sample in found.samples] == [(1, 0), (), (0,)]
    assert list(found.lines) == [0, 0, 2]
