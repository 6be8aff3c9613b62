"""Marks are words where they tell something about the labels."""

import random

import pytest

from training.labelled.rows import LabelledRow
from training.labelled.tokenizer import marks_tell_labels


def rows(pairs: list[tuple[str, tuple[str, ...]]]) -> list[LabelledRow]:
    return [LabelledRow(text, labels, "rows.csv", number) for number, (text, labels) in enumerate(pairs, start=2)]


@pytest.mark.parametrize("mark", ["?", "!", "؟", "‼"])
def test_marks_of_one_label_tell_it(mark: str) -> None:
    assert marks_tell_labels(rows([(f"so{mark}", ("a",)), ("so", ("b",))] * 50))
    assert marks_tell_labels(rows([(f"so{mark}", ("a", "b")), ("so", ("b",)), ("so", ())] * 50))


def test_marks_that_all_texts_or_no_texts_have_tell_nothing() -> None:
    assert not marks_tell_labels(rows([("so?", ("a",)), ("so?", ("b",))] * 50))
    assert not marks_tell_labels(rows([("so", ("a",)), ("so.", ("b",))] * 50))
    assert not marks_tell_labels(rows([("so?", ("a",))] * 50))


def test_order_of_the_labels_of_a_row_does_not_matter() -> None:
    assert not marks_tell_labels(rows([("so?", ("a", "b")), ("so", ("b", "a"))] * 50))


@pytest.mark.parametrize("marks", [("?", "!"), ("?", "?!"), ("!", "!\uff1f")])
def test_question_marks_exclamation_marks_and_both_differ(marks: tuple[str, str]) -> None:
    assert marks_tell_labels(rows([(f"so{marks[0]}", ("a",)), (f"so{marks[1]}", ("b",))] * 50))


def test_number_and_order_of_the_marks_do_not_matter() -> None:
    assert not marks_tell_labels(rows([("so?!", ("a",)), ("so!?!!", ("b",))] * 50))


def test_marks_at_random_tell_nothing_even_of_many_labels_with_few_rows() -> None:
    draw = random.Random(3)
    made = [(draw.choice(("so", "so?", "so!")), (f"label{number % 200}",)) for number in range(800)]
    assert not marks_tell_labels(rows(made))


@pytest.mark.parametrize(("marked", "tell"), [(60, False), (61, True)])
def test_marks_must_tell_three_hundredths_of_the_label(marked: int, tell: bool) -> None:
    made = [("so?" if number < marked else "so", ("a",)) for number in range(100)]
    made += [("so?" if number < 100 - marked else "so", ("b",)) for number in range(100)]
    assert marks_tell_labels(rows(made)) == tell


def test_marks_that_tell_little_of_many_labels_do_not_count() -> None:
    made = [(f"so{'?' * (label < 4)}", (f"label{label}",)) for label in range(200)] * 100
    assert not marks_tell_labels(rows(made))
