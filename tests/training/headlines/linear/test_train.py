from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from training.headlines.linear.train import train_svms
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample
from training.headlines.training_set import TextKind, TrainingSet

SAMPLES = tuple(Sample((f"word{number}",), (number % 3,)) for number in range(60))


def kernel(recipe: Recipe, c: float) -> NDArray[np.float32]:
    x = sp.random(60, 40, 0.2, "csr", np.float32, 1, lambda count: np.ones(count, np.float32))
    training_set = TrainingSet((TextKind(SAMPLES, (1.0, 0.0)),), 3)
    expansion = sp.identity(40, np.float32, "csr")
    learned, _ = train_svms(
        recipe, training_set, SAMPLES, x=x, expansion=expansion, penalties=np.full((60, 2), c), seed=1
    )
    return learned


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(feature_weights="tfidf")], ids=["ratio", "tfidf"])
def test_c_of_every_text_has_the_factor_of_the_recipe(recipe: Recipe) -> None:
    lower = kernel(replace(recipe, linear_c=0.25), 1.0)
    np.testing.assert_array_equal(lower, kernel(recipe, 0.25))
    assert not np.allclose(lower, kernel(recipe, 1.0), atol=0.01)
