"""Numbers and names in messages."""

import pytest

from training.wording import duration, listed, share


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (44, "less than a minute"),
        (45, "about a minute"),
        (89, "about a minute"),
        (91, "about 2 minutes"),
        (5_900, "about 98 minutes"),
        (6_100, "about 2 hours"),
    ],
)
def test_estimate_is_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("part", "shown"), [(0, "0%"), (1, "<1%"), (999, ">99%"), (1000, "100%"), (123, "12%")])
def test_share_is_zero_or_all_only_if_it_is(part: int, shown: str) -> None:
    assert share(part, 1000) == shown


def test_long_list_of_names_is_cut_off() -> None:
    assert listed(["a", "b c"]) == "'a', 'b c'"
    assert listed(["x" * 100]) == repr("x" * 60)
    assert len(listed(["name"] * 100)) == 303
