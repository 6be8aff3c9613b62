"""Examples of a model."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.api.routes.examples import MAX_EXAMPLE_CHARACTERS, MAX_EXAMPLES, examples


def of(*headlines: str) -> list[str]:
    """Examples of a model with these golden headlines, which are split at blanks."""
    golden = [SimpleNamespace(headline=one) for one in headlines]
    model = SimpleNamespace(bundle=SimpleNamespace(golden=golden), encoder=SimpleNamespace(tokenize=str.split))
    return examples(cast(Any, model))


@pytest.mark.parametrize(
    ("golden", "found"),
    [
        (["oil", "oil rises", "gold", "gold falls"], ["oil rises", "gold falls"]),
        (["oil", "oil rises", "gold"], ["oil", "oil rises", "gold"]),
        (["oil rises", " ", "", "oil rises", "gold falls"], ["oil rises", "gold falls"]),
        (
            ["a b" + "x" * (MAX_EXAMPLE_CHARACTERS - 3), "a b" + "x" * (MAX_EXAMPLE_CHARACTERS - 2)],
            ["a b" + "x" * (MAX_EXAMPLE_CHARACTERS - 3)],
        ),
        ([f"headline {number}" for number in range(99)], [f"headline {number}" for number in range(MAX_EXAMPLES)]),
    ],
)
def test_examples_are_short_and_of_several_words_if_there_are_two(golden: list[str], found: list[str]) -> None:
    assert of(*golden) == found
