import pytest

from training.fit.publish import Source


@pytest.mark.parametrize(
    ("scripts", "language"),
    [
        ({"Hangul": 95, "Latin": 5}, "ko"),
        ({"Hangul": 50, "Latin": 50}, None),
        ({"Latin": 100}, None),
        ({"Japanese": 10}, "ja"),
        ({"Han": 10}, None),
    ],
)
def test_language_is_that_of_a_script_of_one_language(scripts: dict[str, int], language: str | None) -> None:
    assert Source({"a.csv": ""}, 0, [], {}, scripts).language == language
