"""What other thresholds of the outside class would mark."""

from benchmarks.outside_thresholds import Marked, by_threshold

CODES = [("crude",), ("gold", "silver"), ("none",), ("none",), ("earn", "none")]
OUTSIDE = [0.2, 0.7, 0.6, 0.95, 0.55]
NAMED = [True, True, False, False, False]


def test_lower_threshold_loses_and_finds_more() -> None:
    assert by_threshold(OUTSIDE, CODES, NAMED, (0.5, 0.65, 0.9)) == [
        Marked(0.5, lost=0.5, found=1.0, right_over_all=0.8),
        Marked(0.65, lost=0.5, found=0.5, right_over_all=0.4),
        Marked(0.9, lost=0.0, found=0.5, right_over_all=0.6),
    ]


def test_probability_equal_to_the_threshold_is_not_marked() -> None:
    assert by_threshold([0.5, 0.5], [("crude",), ("none",)], [True, False], (0.5,)) == [Marked(0.5, 0.0, 0.0, 0.5)]
