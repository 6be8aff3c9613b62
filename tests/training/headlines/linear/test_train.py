from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from training.headlines.linear.train import rarity_of, train_svms
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


def test_rarity_is_relative_to_the_mean_of_the_labels_that_have_texts() -> None:
    labels = np.array([0, 0, 0, 2, 3])  # 3: about none of the labels
    np.testing.assert_allclose(rarity_of(labels, 3), [2 / 3, 2 / 3, 2 / 3, 2, 1])


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(feature_weights="tfidf")], ids=["ratio", "tfidf"])
def test_label_with_fewer_texts_is_given_more_often_if_they_weigh_more(recipe: Recipe) -> None:
    rows = [(0, 0)] * 30 + [(1, 0)] * 10 + [(0, 1)] * 2 + [(1, 1)] * 8  # word, label
    samples = [Sample((f"word{word}",), (label,)) for word, label in rows]
    training_set = TrainingSet((TextKind(tuple(samples), (1.0, 0.0)),), 2)
    leads = []
    for rare_weight in (0, 1):
        kernel, bias = train_svms(
            replace(recipe, rare_weight=rare_weight),
            training_set,
            samples,
            x=sp.csr_matrix(np.eye(2, dtype=np.float32)[[word for word, _ in rows]]),
            expansion=sp.identity(2, np.float32, "csr"),
            penalties=np.full((50, 2), 0.1),
            seed=1,
        )
        scores = kernel[1] + bias
        leads.append(scores[1] - scores[0])
    assert leads[1] > leads[0] + 0.1  # of the rarer label, in a text with a word that is in more texts of the other
