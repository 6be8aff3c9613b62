"""The split of labelled rows: every row in one place, duplicates on one side, each label in proportion."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import LabelsError, TableError
from training.labelled.cells import parse_time
from training.labelled.columns import Columns
from training.labelled.duplicates import exact_key, find_duplicates
from training.labelled.rows import LabelledRow, Table
from training.labelled.split import IN_TEST, RARE, UNSEEN, Split, split_rows

Row = tuple[str, tuple[str, ...]]


def table(rows: Sequence[Row], file: str = "a.csv") -> Table:
    read = [LabelledRow(text, labels, file, number) for number, (text, labels) in enumerate(rows, start=2)]
    return Table(read, [Columns(file, ("text",), "label", None, guessed=())])


def everything(split: Split) -> list[LabelledRow]:
    return [*split.train, *split.test, *(row for some in split.left_out.values() for row in some)]


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (["10", "9", "-1", "0"], ["-1", "0", "9", "10"]),
        (["2", "1", "01", "001", "0001", "00001"], ["00001", "0001", "001", "01", "1", "2"]),
        (["10", "9", "nine"], ["10", "9", "nine"]),
        (["10.0", "9.0"], ["10.0", "9.0"]),
        (["b", "a"], ["a", "b"]),
    ],
)
def test_labels_are_in_alphabetical_order_and_whole_numbers_by_size(labels: list[str], order: list[str]) -> None:
    rows: list[Row] = [(f"story {i} of {label}", (label,)) for label in labels for i in range(5)]
    assert split_rows(table(rows)).labels == order


WORDS = ["oil", "gold", "wheat", "rain", "Oil", "bank,", "rates"]
texts = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=10).map(" ".join),
    st.integers(0, 10**6).map("story {}".format),
)
tables = st.lists(
    st.tuples(texts, st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple)), min_size=1, max_size=60
).map(lambda rows: [*rows, *((f"certain {i}", (label,)) for label in "ab" for i in range(5))])


@given(tables, st.integers(0, 3), st.sampled_from([0.1, 0.3, 0.5]))
def test_every_row_is_in_one_place_and_duplicates_are_on_one_side(rows: list[Row], seed: int, share: float) -> None:
    read = table(rows)
    split = split_rows(read, test_share=share, seed=seed)
    assert Counter(row.line for row in everything(split)) == Counter(row.line for row in read.rows)
    together = find_duplicates([text for text, _ in rows]).together
    group = dict(zip((row.line for row in read.rows), together.tolist(), strict=True))
    assert {group[row.line] for row in split.train}.isdisjoint(group[row.line] for row in split.test)


@given(tables, st.randoms(use_true_random=False), st.integers(0, 3))
def test_order_of_the_rows_does_not_change_the_split(rows: list[Row], generator: random.Random, seed: int) -> None:
    shuffled = generator.sample(rows, len(rows))

    def parts(some: list[Row]) -> list[Counter[Row]]:
        split = split_rows(table(some), seed=seed)
        return [Counter((row.text, row.labels) for row in part) for part in (split.train, split.test)]

    assert parts(rows) == parts(shuffled)


@given(st.lists(st.integers(5, 80), min_size=2, max_size=5), st.sampled_from([0.1, 0.2, 0.25]), st.integers(0, 9))
def test_each_label_has_its_share_within_one_row(sizes: list[int], share: float, seed: int) -> None:
    rows = [(f"label{label} story{i}", (f"label {label}",)) for label, size in enumerate(sizes) for i in range(size)]
    split = split_rows(table(rows), test_share=share, seed=seed)
    tested = Counter(label for row in split.test for label in row.labels)
    assert all(abs(tested[f"label {label}"] - share * size) <= 1 for label, size in enumerate(sizes))
    assert all(tested[f"label {label}"] >= 1 for label in range(len(sizes)))


def test_labels_of_which_all_texts_follow_a_template_have_test_rows() -> None:
    form = "company {} of {} reports a profit of {} million dollars for the quarter"
    rows = [(form.format(i % 20, label, i), (label,)) for i in range(300) for label in ("london", "paris")]
    split = split_rows(table([*rows, *rows[:40]]))
    assert Counter(label for row in split.test for label in row.labels) == {"london": 32, "paris": 32}
    assert {exact_key(row.text) for row in split.train}.isdisjoint(exact_key(row.text) for row in split.test)


def test_near_duplicates_are_on_one_side() -> None:
    rows = [(text, ("ab"[i % 2],)) for i in range(40) for text in (f"story {i} again", f"again: story {i}")]
    split = split_rows(table(rows), test_share=0.5)
    sides = [
        {row.text.removeprefix("again: ").removesuffix(" again") for row in part} for part in (split.train, split.test)
    ]
    assert sides[0].isdisjoint(sides[1])
    assert len(split.test) == 40


def test_one_row_of_each_label_is_for_training() -> None:
    rows = [(f"story {i}", ("abc"[i // 2],)) for i in range(6)]
    split = split_rows(table(rows), test_share=0.9, min_rows=2)
    assert Counter(label for row in split.train for label in row.labels) == {"a": 1, "b": 1, "c": 1}


def test_label_that_occurs_only_with_rarer_ones_keeps_a_training_row() -> None:
    rows: list[Row] = [(f"story {i}", (f"rare {i // 2}", *(["x"] if i % 2 else []))) for i in range(10)]
    for seed in range(100):
        assert "x" in split_rows(table(rows), min_rows=2, seed=seed).labels


def test_another_seed_gives_another_split() -> None:
    rows = [(f"story {i}", ("ab"[i % 2],)) for i in range(100)]
    first, second = ({row.line for row in split_rows(table(rows), seed=seed).test} for seed in (1, 2))
    assert first != second


def test_rare_labels_are_left_out_and_named() -> None:
    rows = [(f"story {i}", ("ab"[i % 2],)) for i in range(20)]
    rows += [("rare one", ("c",)), ("rare two", ("a", "c")), ("about none", ())]
    split = split_rows(table(rows))
    assert split.rare == {"": 1, "c": 2}
    assert [row.text for row in split.left_out[RARE]] == ["rare one", "about none"]
    assert next(row.labels for row in everything(split) if row.text == "rare two") == ("a",)
    assert split.labels == ["a", "b"]


def test_training_rows_with_the_text_of_a_test_row_are_left_out() -> None:
    rows = [(f"story {i}", ("ab"[i % 2],)) for i in range(20)]
    split = split_rows(table(rows), table([("Story  3", ("b",)), ("new", ("a",)), ("other", ("z",))], "b.csv"))
    assert [row.line for row in split.left_out[IN_TEST]] == ["a.csv:5"]
    assert [row.line for row in split.left_out[UNSEEN]] == ["b.csv:4"]
    assert [row.line for row in split.test] == ["b.csv:2", "b.csv:3"]
    assert exact_key("Story  3") not in {exact_key(row.text) for row in split.train}


@pytest.mark.parametrize(
    ("tested", "cause"), [(20, "the text of every row is also"), (15, "15 of 20 rows are left out")]
)
def test_error_says_if_the_training_rows_are_also_in_the_test_file(tested: int, cause: str) -> None:
    rows = [(f"story {i}", ("ab"[i % 2],)) for i in range(20)]
    with pytest.raises(LabelsError, match=f"{cause}.* in the test file.* give --test rows with other texts") as error:
        split_rows(table(rows), table(rows[:tested], "b.csv"))
    assert "column" not in str(error.value)


def timed(rows: Sequence[tuple[str, str, str]]) -> Table:
    read = [LabelledRow(text, (label,), "a.csv", i, parse_time(time)) for i, (text, label, time) in enumerate(rows)]
    return Table(read, [Columns("a.csv", ("text",), "label", "day", guessed=())])


def test_latest_rows_are_the_test_rows_and_old_stories_stay_in_training() -> None:
    rows = [(f"story {i}", "ab"[i % 2], f"2026-01-{i + 1:02}") for i in range(20)]
    rows[19] = ("story 0", "a", "2026-02-01")
    split = split_rows(timed(rows), by_time=True, test_share=0.2)
    assert [row.number for row in split.test] == [15, 16, 17, 18]
    assert split.method == "time"


@pytest.mark.parametrize("after", [0, 2])
def test_text_that_is_often_repeated_late_neither_fills_nor_ends_the_test_rows(after: int) -> None:
    rows = [(f"story {i}", "ab"[i % 2], f"2026-01-01T00:{i:02}") for i in range(60)]
    rows[50 - after : 60 - after] = [
        ("live from the match", label, time) for _, label, time in rows[50 - after : 60 - after]
    ]
    split = split_rows(timed(rows), by_time=True, test_share=0.1)
    assert sorted(row.text for row in split.test) == sorted(
        f"story {i}" for i in (*range(44, 50 - after), *range(60 - after, 60))
    )


def test_rows_without_times_and_their_duplicates_stay_in_training() -> None:
    rows = [(f"story {i}", "ab"[i % 2], f"2026-01-{i + 1:02}") for i in range(20)]
    dated = timed(rows)
    more = [LabelledRow(text, ("a",), "1.to_label.csv", 100, None) for text in ("new", "story 18", "newer")]
    split = split_rows(replace(dated, rows=[*more, *dated.rows]), by_time=True, test_share=0.2)
    assert [row.number for row in split.test] == [15, 16, 17, 19]
    assert {"new", "story 18", "newer"} < {row.text for row in split.train}


def test_rows_without_time_cannot_be_split_by_time() -> None:
    with pytest.raises(TableError, match=r"^a.csv: no row has a time to split the rows by; name"):
        split_rows(table([(f"story {i}", ("ab"[i % 2],)) for i in range(20)]), by_time=True)


@pytest.mark.parametrize("labels", [["a"] * 20, [f"label {i}" for i in range(20)]])
def test_one_label_cannot_be_learned(labels: list[str]) -> None:
    with pytest.raises(LabelsError, match="check that 'label' is the column with the labels"):
        split_rows(table([(f"story {i}", (label,)) for i, label in enumerate(labels)]))


def test_error_about_one_label_does_not_count_rarer_ones_if_there_are_none() -> None:
    with pytest.raises(LabelsError, match=r"a\.csv: all rows are under 'a', but training needs two; .* the labels\.$"):
        split_rows(table([(f"story {i}", ("a",)) for i in range(10)]))
    with pytest.raises(LabelsError, match=r"a\.csv: no row has a label, but training needs two;"):
        split_rows(table([(f"story {i}", ()) for i in range(10)]))


def test_error_counts_one_rare_label_in_the_singular() -> None:
    with pytest.raises(LabelsError, match=r"only 'a' has 5 rows or more \(1 label has fewer\)"):
        split_rows(table([(f"story {i}", ("b" if i == 9 else "a",)) for i in range(10)]))


def test_one_label_beside_rows_about_none_cannot_be_learned() -> None:
    rows: list[Row] = [(f"story {i}", ("sport",) if i % 2 else ()) for i in range(20)]
    with pytest.raises(LabelsError, match=r"only 'sport' has 5 rows or more .* leave out --outside, and give rows"):
        split_rows(table(rows))


def test_latest_rows_may_not_leave_fewer_than_two_labels_to_train_on() -> None:
    new = [(f"story {i}", "ab"[i >= 15], f"2026-01-{i + 1:02}") for i in range(20)]
    template = [(f"the price of a loaf of bread is now {i}", "ab"[i % 2], f"2026-01-{i + 1:02}") for i in range(20)]
    for rows in (new, template):
        with pytest.raises(LabelsError, match=r"fewer than two labels are left .* leave out --time"):
            split_rows(timed(rows), by_time=True, test_share=0.25)
