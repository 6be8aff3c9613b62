"""Linear models of made rows, with a vocabulary as `fit` chooses it."""

from training.fit.insights.linear_models import LinearModels
from training.fit.sizes import recipe_for
from training.fit.training_rows import TrainingRows
from training.headlines.vocabulary import build_encoder


def linear_models(rows: TrainingRows, seed: int = 1) -> LinearModels:
    recipe = recipe_for(len(rows.samples), rows.topics)
    encoder, word_index = build_encoder(recipe, rows.samples, (), rows.topics)
    return LinearModels(encoder, word_index, recipe, rows, seed)
