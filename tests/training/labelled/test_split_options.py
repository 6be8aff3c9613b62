"""Marks are words where they tell something about the labels."""

import random

import pytest

from training.labelled.rows import LabelledRow
from training.labelled.split_options import marks_tell_labels


def rows(pairs: list[tuple[str, tuple[str, ...]]]) -> list[LabelledRow]:
    return [LabelledRow(text, labels, "rows.csv", number) for number, (text, labels) in enumerate(pairs, start=2)]


@pytest.mark.parametrize("mark", ["?", "!", "؟", "‼"])
def test_marks_of_one_label_tell_it(mark: str) -> None:
    assert marks_tell_labels(rows([(f"so{mark}", ("a",)), ("so", ("b",))] * 50))
    assert marks_tell_labels(rows([(f"so{mark}", ("a", "b")), ("so", ("b",)), ("so", ())] * 50))


def test_marks_that_all_texts_or_no_texts_have_tell_nothing() -> None:
    assert not marks_tell_labels(rows([("so?", ("a",)), ("so?", ("b",))] * 50))
    assert not marks_tell_labels(rows([("so", ("a",)), ("so.", ("b",))] * 50))


def test_marks_at_random_tell_nothing_even_of_many_labels_with_few_rows() -> None:
    draw = random.Random(3)
    made = [(draw.choice(("so", "so?", "so!")), (f"label{number % 200}",)) for number in range(800)]
    assert not marks_tell_labels(rows(made))
