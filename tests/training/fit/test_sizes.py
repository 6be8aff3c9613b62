import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier.bundle import MAX_FILE_BYTES
from training.errors import LabelsError
from training.fit.sizes import PAIRS, PIECES, WORDS, recipe_for, seconds_to_fit


@given(st.integers(2, 5_000_000), st.integers(2, 2_000))
def test_model_fits_into_a_file_and_is_never_narrower_than_its_labels(rows: int, units: int) -> None:
    recipe = recipe_for(rows, units)
    size, inside = recipe.features + recipe.pieces + 1, units + recipe.networks * recipe.hidden
    weights = size * recipe.width + recipe.width * inside + inside * units
    assert recipe.width >= units
    assert 4 * weights < MAX_FILE_BYTES - 1_000_000
    assert recipe.words <= recipe.features


@pytest.mark.parametrize(("rows", "measured"), [(222, 6), (720, 28), (6_048, 55), (9_000, 48)])
def test_estimated_time_is_that_measured_within_a_factor_of_two(rows: int, measured: float) -> None:
    assert measured / 2 < seconds_to_fit(rows) < 2 * measured


def test_few_labels_have_the_whole_vocabulary() -> None:
    recipe = recipe_for(45_000, 7)
    assert (recipe.words, recipe.features, recipe.pieces) == (WORDS, WORDS + PAIRS, PIECES)
    assert (recipe.networks, recipe.epochs) == (2, 8)
    assert (recipe_for(800, 7).networks, recipe_for(800, 7).epochs) == (4, 16)


def test_labels_that_no_bundle_can_hold_are_refused() -> None:
    with pytest.raises(LabelsError, match="5,000 labels need a model of more than 64 MiB"):
        recipe_for(100_000, 5_000)
