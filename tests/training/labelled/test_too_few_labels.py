"""The error for fewer than two labels says what helps."""

import pytest

from tests.training.labelled.test_split import Row, table
from training.errors import LabelsError
from training.labelled.split import split_rows


def refused(rows: list[Row], test: list[Row] | None = None, min_rows: int = 5) -> str:
    with pytest.raises(LabelsError) as caught:
        split_rows(table(rows), table(test, "b.csv") if test else None, min_rows=min_rows)
    return str(caught.value)


def rows(label: str, count: int) -> list[Row]:
    return [(f"story {i} about {label}", (label,) if label else ()) for i in range(count)]


def test_the_test_file_is_blamed_only_if_it_took_the_rows() -> None:
    both = [*rows("a", 9), *rows("b", 5)]
    assert "1 of 14 rows is left out, because its text is also in the test file" in refused(both, rows("b", 1))
    assert "2 of 14 rows are left out, because their text is also in the test file" in refused(both, rows("b", 2))
    few = [*rows("a", 9), *rows("b", 4)]
    sentence = refused(few, rows("b", 1))
    assert "test file" not in sentence
    assert sentence.startswith("a.csv: only 'a' has 5 rows or more (1 label has fewer), ")
    assert sentence.endswith(", or lower --min-rows.")
    assert "all rows are under 'a', " in refused(rows("a", 9), rows("a", 1))


def test_min_rows_is_lowered_only_where_that_helps() -> None:
    assert refused([*rows("a", 9), *rows("b", 2)]).endswith("or lower --min-rows.")
    assert refused([*rows("a", 9), *rows("b", 1)]).endswith("or add rows.")
    assert refused([*rows("a", 1), *rows("b", 1)], min_rows=2).endswith("or add rows.")


def test_rows_about_none_of_the_labels_are_no_rare_label() -> None:
    assert "a.csv: all rows with a label are under 'a', but" in refused([*rows("a", 9), *rows("", 3)])
    assert refused([*rows("a", 9), *rows("b", 3), *rows("", 9)]).endswith("such as 'other', or lower --min-rows.")
    assert refused([*rows("a", 9), *rows("b", 1), *rows("", 9)]).endswith("such as 'other'.")
    assert refused([*rows("a", 3), *rows("", 9)]).startswith("a.csv: no label has 5 rows or more besides the rows ")
