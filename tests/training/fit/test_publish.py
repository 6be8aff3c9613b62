import pytest

from training.fit.publish import Source, describe


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
    source = Source(files={"a.csv": ""}, test_files=0, test=[], report={}, scripts=scripts)
    assert source.language == language


def test_description_names_the_files_on_one_line() -> None:
    source = Source(files={"old\nnews.csv": "", "new.csv": ""}, test_files=1, test=[], report={}, scripts={})
    assert describe(1_000, 2, source) == "Trained on 1,000 texts under 2 labels of old news.csv, tested on new.csv."
