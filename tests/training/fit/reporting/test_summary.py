"""What `fit` prints about its rows: which of them each number counts."""

from tests.training.fit.rows import codes, made_rows
from training.fit.reporting.summary import described, with_label
from training.fit.training_rows import tokenize_rows


def test_rows_about_none_of_the_labels_are_told_apart() -> None:
    rows = tokenize_rows(made_rows(3, 120, outside=108), codes(3))
    assert described(rows) == "468 training rows (360 with a label, 108 about none of the labels)"
    assert with_label(rows) == " with a label"


def test_rows_that_all_count_are_one_number() -> None:
    rows = tokenize_rows(made_rows(3, 120), codes(3))
    assert (described(rows), with_label(rows)) == ("360 training rows", "")
    several = tokenize_rows(
        made_rows(3, 120, outside=108), codes(3), multi_label=True
    )  # those without a label count too
    assert (described(several), with_label(several)) == ("468 training rows", "")
