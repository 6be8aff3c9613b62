"""Rates of the outside class at other thresholds."""

from training.evaluation.present_day.outside_rates import OutsideRates, outside_rates

CODES = [("crude",), ("gold", "silver"), ("none",), ("none",), ("earn", "none")]
OUTSIDE = [0.2, 0.7, 0.6, 0.95, 0.55]
NAMED = [True, True, False, False, False]


def test_lower_threshold_loses_and_finds_more() -> None:
    found = [outside_rates(CODES, [one > threshold for one in OUTSIDE], NAMED) for threshold in (0.5, 0.65, 0.9)]
    assert found == [
        OutsideRates(lost=0.5, found=1.0, right_over_all=0.8),
        OutsideRates(lost=0.5, found=0.5, right_over_all=0.4),
        OutsideRates(lost=0.0, found=0.5, right_over_all=0.6),
    ]


def test_rates_of_no_headlines_are_none() -> None:
    assert outside_rates([("none",)], [True], [False]) == OutsideRates(None, 1.0, 1.0)
    assert outside_rates([("earn", "none")], [False], [True]) == OutsideRates(None, None, 1.0)
    assert outside_rates([], [], []) == OutsideRates(None, None, None)
