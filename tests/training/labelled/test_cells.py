"""Cells: labels in text, numbers and lists; times in usual forms."""

import time
from decimal import Decimal

import pytest

from training.labelled.cells import CellError, parse_labels, parse_time


@pytest.mark.parametrize(
    ("value", "separator", "outside", "labels"),
    [
        (" sport ", None, [], ("sport",)),
        ("a|b", None, [], ("a|b",)),
        ("a| b ||a", "|", [], ("a", "b")),
        (7, None, [], ("7",)),
        (7.0, None, [], ("7",)),
        (Decimal("7.00"), None, [], ("7",)),
        (Decimal("7.50"), None, [], ("7.50",)),
        (Decimal("1" * 60), None, [], ("1" * 60,)),
        (float("inf"), None, [], ("inf",)),
        (True, None, [], ("true",)),
        ([False, None, "a"], None, [], ("false", "a")),
        (["a", "b", "a"], None, [], ("a", "b")),
        ("", None, [""], ()),
        (None, None, ["none"], ()),
        ("none", None, ["none"], ()),
        ("outside", None, ["none", "outside"], ()),
        ("none|outside|a", "|", ["none", "outside"], ("a",)),
        ("none|a", "|", ["none"], ("a",)),
        ("a", None, ["none"], ("a",)),
        ([], None, [""], ()),
        ({"choices": ["a", "b"]}, None, [], ("a", "b")),
        (' {"choices": ["a", "b"]}', "|", [], ("a", "b")),
        ('["a", "caf\\u00e9"]', ",", [], ("a", "café")),
        ("['a', \"it's\"]", None, [], ("a", "it's")),
        ("['a' 'b'\n 'c d']", None, [], ("a", "b", "c d")),
        ("[3 -14]", None, [], ("3", "-14")),
        ("[3, 14]", None, [], ("3", "14")),
        ("['none', 'a']", None, ["none"], ("a",)),
        ("[]", None, [""], ()),
        ("[ ]", None, [""], ()),
    ],
)
def test_cell_becomes_labels(value: object, separator: str | None, outside: list[str], labels: tuple[str, ...]) -> None:
    assert parse_labels(value, separator, outside) == labels


@pytest.mark.parametrize("label", ["[Bug]", "[Bug] crash", "[oil, gas]", "{oil}", "['a',]", r"['it\'s']", "'a'", "[1"])
def test_label_in_brackets_that_is_no_list_stays(label: str) -> None:
    assert parse_labels(label, None, ()) == (label,)


@pytest.mark.parametrize("cell", ["[" + "1 " * 30_000, "[" + " " * 30_000, "['a'," * 10_000, "[" + "'" * 30_000])
def test_time_to_read_a_list_is_linear_in_its_length(cell: str) -> None:
    begun = time.process_time()
    with pytest.raises(CellError, match="characters, more than 200"):
        parse_labels(f"{cell}x", None, ())
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("[]", "has no label"),
        ("", "has no label"),
        (" ", "has no label"),
        (None, "has no label"),
        (float("nan"), "has no label"),
        ([], "has no label"),
        ({"choices": ["a"], "rating": 1}, "neither a text nor a number"),
        ('[{"a": 1}]', "neither a text nor a number"),
        ({"a": 1}, "neither a text nor a number"),
        ("x" * 201, "a label of 201 characters"),
        ("a\nb", "a line break or a control character"),
        ("a\x1b[31m", "a line break or a control character"),
    ],
)
def test_cell_without_a_usable_label_says_why(value: object, why: str) -> None:
    with pytest.raises(CellError, match=why):
        parse_labels(value, None, ())


@pytest.mark.parametrize("outside", [[], [""], ["none"]])
def test_empty_cell_of_a_text_to_label_is_not_a_label(outside: list[str]) -> None:
    with pytest.raises(CellError, match=r"^has no label yet$"):
        parse_labels(" ", None, outside, to_label=True)


@pytest.mark.parametrize(("value", "labels"), [("none", ()), ("a", ("a",))])
def test_label_of_a_text_to_label_counts_like_any_other(value: str, labels: tuple[str, ...]) -> None:
    assert parse_labels(value, None, ["none"], to_label=True) == labels


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2026-11-26", "2026-11-26T00:00:00+00:00"),
        ("2026-11-26T10:00:00+09:00", "2026-11-26T01:00:00+00:00"),
        ("2026-11-26 10:00", "2026-11-26T10:00:00+00:00"),
        ("20261126", "2026-11-26T00:00:00+00:00"),
        (20261126, "2026-11-26T00:00:00+00:00"),
        ("20261126.0", "2026-11-26T00:00:00+00:00"),
        ("2026", "2026-01-01T00:00:00+00:00"),
        (1987, "1987-01-01T00:00:00+00:00"),
        ("1700000000", "2023-11-14T22:13:20+00:00"),
    ],
)
def test_cell_becomes_a_time(value: object, iso: str) -> None:
    assert parse_time(value).isoformat() == iso


BEYOND = ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00"]
"""Times that are not in the years 1 to 9999 of UTC."""


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "26/11/2026", None, float("nan"), "inf", "1e30", True, "-1e18", 7, "3000", 12345.5, *BEYOND],
)
def test_other_times_are_refused(value: object) -> None:
    with pytest.raises(CellError, match="time"):
        parse_time(value)
