import pytest

from training.duration import about


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
    assert about(seconds) == words
