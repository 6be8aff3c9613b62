from pathlib import Path

import pytest

from training.fit.publish import Source, short_names


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
    assert Source([Path("a.csv")], [], [], {}, scripts).language == language


def test_files_of_the_same_name_are_told_apart_by_their_folders() -> None:
    assert short_names([Path("a/x.csv"), Path("/b/y.csv")]) == ["x.csv", "y.csv"]
    assert short_names([Path("/2025/a/x.csv"), Path("/2026/a/x.csv"), Path("/y.csv")]) == [
        "2025/a/x.csv",
        "2026/a/x.csv",
        "/y.csv",
    ]
