"""Trains a headline model on labelled rows: weight of the SVM and calibration on held-out rows, then all rows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.manifest import Calibration, Outside, TopicSet
from training.errors import LabelsError
from training.fit.encodings import choose_encoding
from training.fit.held_out import duplicate_groups, folds, held_out_share
from training.fit.material import Rows
from training.fit.sizes import FEW, MANY, recipe_for
from training.headlines.calibration import HeldOut, fit_outside, fit_temperature, fit_topic_set
from training.headlines.learn import Halves, Kind, Learned, Material, Report, learn
from training.headlines.mlp import Layers
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, labels_of

SHARES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, None)
"""Weights of the SVM's scores that are tried; None: the SVM alone."""
ALONE: Final = 4.0
"""Weight of the SVM's scores without networks: its scale is up to the temperature."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model of labelled rows with its calibration."""

    recipe: Recipe
    seed: int
    learned: Learned
    held_out: HeldOut
    """Output for rows that took no part in training, of models trained without them."""
    held_out_rows: tuple[Sample, ...]
    """The same rows."""
    calibration: Calibration
    topic_set: TopicSet
    outside: Outside | None
    with_networks: bool
    """Whether the networks count, or the SVM alone."""


def fit_model(rows: Rows, seed: int, report: Report) -> Fitted:
    """Choose the weight of the linear half on held-out rows, calibrate, and train on all rows.

    Args:
        rows: the training rows.
        seed: for everything random.
        report: called with the progress; phases are numbered.

    Raises:
        LabelsError: there is nothing to learn from.
    """
    samples = rows.samples
    labels = labels_of(samples, rows.topics)
    if len(set(labels.tolist())) < 2:
        raise LabelsError(
            "Rows with words have one label only, and learning takes two; check the column with the labels."
        )
    units = rows.topics + bool((labels == rows.topics).any())
    recipe = recipe_for(len(samples), units)
    groups = duplicate_groups(samples)
    masks = folds(labels, groups, seed) if len(samples) < FEW else [held_out_share(labels, groups, seed)]
    once = len(samples) >= MANY
    phases = len(masks) + (not once)
    splits = [(_chosen(samples, ~mask), _chosen(samples, mask)) for mask in masks]
    recipe = choose_encoding(recipe, splits, rows.topics, seed, report)
    parts = [
        (learn(recipe, _material(train, rows.topics), seed, report=_numbered(report, number, phases)), out)
        for number, (train, out) in enumerate(splits, start=1)
    ]
    share, held_out = _choose_share(parts, recipe)
    held_out_rows = tuple(sample for _, out in parts for sample in out)
    calibration = fit_temperature([held_out.inside])
    inside = held_out.inside
    topic_set = fit_topic_set(inside.probabilities(calibration), inside.labels, recipe.coverage)
    outside = fit_outside([held_out], calibration, recipe.most_lost) if units > rows.topics else None
    recipe = replace(recipe, linear_share=ALONE if share is None else share)
    if once:
        [(halves, _)] = parts
    else:
        halves = learn(recipe, _material(samples, rows.topics), seed, report=_numbered(report, phases, phases))
    report("merging", 0, 1, "")
    learned = _weighted(halves, share).merged(recipe.linear_share, recipe.width)
    return Fitted(
        recipe, seed, learned, held_out, held_out_rows, calibration, topic_set, outside, with_networks=share is not None
    )


def _chosen(samples: Sequence[Sample], mask: NDArray[np.bool_]) -> tuple[Sample, ...]:
    return tuple(itertools.compress(samples, mask.tolist()))


def _material(samples: tuple[Sample, ...], topics: int) -> Material:
    return Material((Kind(samples, (1.0, 0.0)),), topics)


def _numbered(report: Report, number: int, of: int) -> Report:
    return lambda phase, done, total, note: report(f"{phase}, pass {number} of {of}", done, total, note)


def _weighted(halves: Halves, share: float | None) -> Halves:
    """The halves, without networks if the SVM is to answer alone."""
    if share is not None:
        return halves
    inputs, units = halves.linear.shape
    empty = Layers(*(np.zeros(shape, np.float32) for shape in ((inputs, 0), (0,), (0, units), (units,))))
    return replace(halves, networks=empty)


def _choose_share(parts: Sequence[tuple[Halves, tuple[Sample, ...]]], recipe: Recipe) -> tuple[float | None, HeldOut]:
    """The weight with the highest accuracy on the held-out rows, and the model's output for them at that weight."""
    best: tuple[float, float | None, HeldOut] | None = None
    for share in SHARES:
        found = _joined(
            [_weighted(halves, share).held_out(out, ALONE if share is None else share) for halves, out in parts]
        )
        inside = found.inside
        right = float((inside.logits[:, : inside.topics].argmax(axis=1) == inside.labels).mean())
        if best is None or right > best[0]:
            best = right, share, found
    assert best is not None  # SHARES is not empty
    return best[1], best[2]


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    return HeldOut(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.oov_shares for part in parts]),
        parts[0].topics,
    )
