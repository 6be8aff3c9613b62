"""Rows of a fit before they are learned from."""

from dataclasses import replace

import pytest

from training.fit.training_rows import first_labels, tokenize_rows
from training.labelled.rows import LabelledRow, Table


def table(*labels: tuple[str, ...]) -> Table:
    rows = [LabelledRow(f"text {number}", some, "rows.csv", number) for number, some in enumerate(labels, start=2)]
    return Table(rows, ())


def test_first_label_counts_if_asked() -> None:
    some = first_labels(table(("a",), ("b", "a"), ()))
    assert [row.labels for row in some.rows] == [("a",), ("b",), ()]
    assert [sample.labels for sample in tokenize_rows(some.rows, ["a", "b"]).samples] == [(0,), (1,), ()]


@pytest.mark.parametrize(("with_symbols", "words"), [(1, ("ok", "👍")), (0, ("ok",))])
def test_symbols_are_words_if_a_hundredth_of_the_rows_has_some(with_symbols: int, words: tuple[str, ...]) -> None:
    texts = ["ok 👍🏽"] * with_symbols + ["day"] * 99
    rows = [LabelledRow(text, ("a",), "rows.csv", number) for number, text in enumerate(texts, start=2)]
    few = tokenize_rows([LabelledRow("ok ☆", ("a",), "rows.csv", 1), *rows, *rows], ["a"])
    assert few.tokenizer.split_symbols is bool(with_symbols)
    assert few.samples[1 if with_symbols else 0].words == words


def test_marks_are_words_if_they_tell_the_labels() -> None:
    def some(labels: tuple[str, str]) -> list[LabelledRow]:
        texts = ("right?", "right.")
        return [LabelledRow(texts[i % 2], (labels[i % 2],), "rows.csv", i) for i in range(2, 60)]

    told, same = (tokenize_rows(some(labels), ["a", "b"]) for labels in (("a", "b"), ("a", "a")))
    assert (told.tokenizer.split_marks, told.samples[0].words) == (True, ("right", "?"))
    assert (same.tokenizer.split_marks, same.samples[0].words) == (False, ("right",))


def test_rows_keep_all_their_labels_and_know_their_lines() -> None:
    rows = [replace(row, number=7) for row in table(("b", "a"), ()).rows]
    found = tokenize_rows([*rows, *table(("a",)).rows], ["a", "b"], multi_label=True)
    assert [sample.labels for sample in found.samples] == [(1, 0), (), (0,)]
    assert list(found.lines) == [0, 0, 2]
