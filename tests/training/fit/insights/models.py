"""Linear models of made rows, with a vocabulary as `fit` chooses it."""

from dataclasses import replace

from training.fit.insights.linear_models import LinearModels
from training.fit.sizes import recipe_for
from training.fit.training_rows import TrainingRows
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.vocabulary import build_encoder


def linear_models(rows: TrainingRows, seed: int = 1, clusters: Clusters = ()) -> LinearModels:
    recipe = replace(recipe_for(len(rows.samples), rows.topics), cluster_share=0.7)
    encoder, word_index = build_encoder(recipe, rows.samples, (), rows.topics, clusters=clusters)
    return LinearModels(encoder, word_index, recipe, rows, seed, clusters=clusters)
