"""What is said about the part of chance in figures."""

import pytest

from training.evaluation.chance import ALL_RIGHT, interval, interval_sentence, outside_sentence


@pytest.mark.parametrize(
    ("share", "rows", "between"),
    [
        (0.68, 50, "54% and 79%"),
        (1.0, 20, "84% and 100%"),
        (0.0, 20, "0% and 16%"),
        (0.9, 100_000, "89.8% and 90.2%"),
    ],
)
def test_interval_is_as_wide_as_the_rows_are_few(share: float, rows: int, between: str) -> None:
    assert interval(share, rows) == between


def test_sentence_names_what_was_measured() -> None:
    sentence = interval_sentence(0.68, 50, ALL_RIGHT)
    assert sentence == (
        "With 95% confidence, the share of rows with all labels right on other texts like the test rows is between 54%"
        " and 79%."
    )


@pytest.mark.parametrize(
    ("found", "without", "lost", "with_topic", "warned"),
    [
        (0.0, 7, 0.096, 83, True),  # marks fewer of the rows that it should mark
        (2 / 7, 7, 0.096, 83, True),  # too few rows to tell
        (5 / 7, 7, 0.096, 83, False),
        (0.3, 300, 0.1, 300, False),
        (0.1, 300, 0.1, 300, True),
    ],
)
def test_outside_class_that_may_mark_by_chance_is_not_to_be_relied_on(
    found: float, without: int, lost: float, with_topic: int, warned: bool
) -> None:
    outside = {"found": found, "without": without, "lost": lost, "with_topic": with_topic}
    assert ("do not rely on the outside class" in outside_sentence(outside)) == warned
