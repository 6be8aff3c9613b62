"""Trains a headline model on labelled rows: weight of the SVM and calibration on held-out rows, then all rows."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.errors import LabelsError
from training.fit.calibrate import calibrate, quality
from training.fit.encodings import choose_encoding
from training.fit.fitted import Fitted
from training.fit.held_out import groups_of, held_out_masks
from training.fit.sizes import MANY, ensure_labels_fit, penalty_for, recipe_for
from training.fit.training_rows import TrainingRows
from training.headlines.calibration import HeldOut
from training.headlines.clusters.cluster_list import Clusters, load_clusters, share_in_clusters
from training.headlines.mlp import Layers
from training.headlines.samples import Sample, labels_of, members_of
from training.headlines.train import UnmergedModel, train_model
from training.headlines.training_set import TextKind, TrainingSet
from training.labelled.reporting.outside_notes import ONE_OUTSIDE
from training.progress import Report, numbered

SHARES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, None)
"""Weights of the SVM's scores that are tried; None: the SVM alone."""
ALONE: Final = 4.0
"""Weight of the SVM's scores without networks. Any would do, because the temperature scales the logits."""
IN_CLUSTERS: Final = 0.6
"""Minimum share of all words in clusters. Rows in English have 0.75 or more, and those in most other languages 0.55
or less; rows in Spanish, or with many names, may have more."""


def fit_model(rows: TrainingRows, seed: int, report: Report) -> Fitted:
    """Choose the weight of the SVM on held-out rows, calibrate, and train on all rows.

    Args:
        rows: the training rows.
        seed: for everything random.
        report: called with the progress; phases are numbered.

    Raises:
        LabelsError: there is nothing to learn from.
    """
    # The matrices are so small that several BLAS threads wait for each other longer than they compute. One thread also
    # makes the weights independent of the number of cores.
    with threadpool_limits(1, user_api="blas"):
        return _fit(rows, seed, report)


def _fit(rows: TrainingRows, seed: int, report: Report) -> Fitted:
    samples = rows.samples
    labels = _strata(rows)
    _ensure_learnable(labels, rows)
    ensure_labels_fit(rows.codes)
    units = _training_set(samples, rows, ()).units
    recipe = replace(
        recipe_for(len(samples), units),
        split_unspaced=rows.tokenizer.split_unspaced,
        split_symbols=rows.tokenizer.split_symbols,
        split_marks=rows.tokenizer.split_marks,
    )
    groups = groups_of(samples, rows.lines)
    masks = held_out_masks(labels, groups, seed)
    train_once = len(samples) >= MANY
    phases = len(masks) + (not train_once)
    clusters = load_clusters()
    if share_in_clusters(samples, clusters) < IN_CLUSTERS:
        clusters = ()
    splits = [(_training_set(_chosen(samples, ~mask), rows, clusters), _chosen(samples, mask)) for mask in masks]
    recipe = choose_encoding(recipe, splits, seed, report)
    parts = [
        (train_model(recipe, training_set, seed, report=numbered(report, number, phases)), out)
        for number, (training_set, out) in enumerate(splits, start=1)
    ]
    held_out_rows = tuple(sample for _, out in parts for sample in out)
    members = members_of(held_out_rows, rows.topics) if rows.multi_label else None
    share, held_out = _choose_share(parts, recipe.width, members, report)
    recipe = replace(recipe, linear_share=ALONE if share is None else share)
    calibrated = calibrate(held_out, recipe, units, members)
    if train_once:
        [(unmerged, _)] = parts
    else:
        unmerged = train_model(
            recipe, _training_set(samples, rows, clusters), seed, report=numbered(report, phases, phases)
        )
    report("merging", 0, 1, "")
    model = _weighted(unmerged, share).merged(recipe.linear_share, recipe.width)
    if calibrated.labels is not None:
        model = replace(model, layers=calibrated.labels.into(model.layers))
        held_out = replace(held_out, logits=calibrated.labels.logits(held_out.logits))
    return Fitted(
        recipe=recipe,
        seed=seed,
        model=model,
        held_out=held_out,
        held_out_rows=held_out_rows,
        calibrated=calibrated,
        with_networks=share is not None,
        clusters=splits[0][0].clusters_of(recipe),
    )


def _ensure_learnable(labels: NDArray[np.int64], rows: TrainingRows) -> None:
    """Raise LabelsError if there are too few rows to hold some out and learn from others like them."""
    if not len(labels):
        raise LabelsError("No training row has a word, but only words can be learned; check the column with the texts.")
    if len(set(labels.tolist())) < 2:
        raise LabelsError(
            "Rows with words have only one label, but training needs two; check the column with the labels."
        )
    if rows.multi_label:
        return
    *counts, outside = np.bincount(labels, minlength=rows.topics + 1).tolist()
    if outside == 1:
        raise LabelsError(ONE_OUTSIDE)
    if max(counts) < 2:
        raise LabelsError("No label has two training rows with words, but training needs two of a label; add rows.")


def _strata(rows: TrainingRows) -> NDArray[np.int64]:
    """The label by which each row is held out: its rarest, or the number of labels if it has none; int64 [n]."""
    if not rows.multi_label:
        return labels_of(rows.samples, rows.topics)
    counts = members_of(rows.samples, rows.topics).sum(axis=0).tolist()
    rarest = [min(sample.labels, key=counts.__getitem__, default=rows.topics) for sample in rows.samples]
    return np.array(rarest, np.int64)


def _chosen(samples: Sequence[Sample], mask: NDArray[np.bool_]) -> tuple[Sample, ...]:
    return tuple(itertools.compress(samples, mask.tolist()))


def _training_set(samples: tuple[Sample, ...], rows: TrainingRows, clusters: Clusters) -> TrainingSet:
    kind = TextKind(samples, penalty_for(len(rows.samples), rows.multi_label))
    return TrainingSet((kind,), rows.topics, clusters=clusters, multi_label=rows.multi_label)


def _weighted(unmerged: UnmergedModel, share: float | None) -> UnmergedModel:
    """The model, without networks if the SVM is to answer alone."""
    if share is not None:
        return unmerged
    inputs, units = unmerged.linear.shape
    empty = Layers(*(np.zeros(shape, np.float32) for shape in ((inputs, 0), (0,), (0, units), (units,))))
    return replace(unmerged, networks=empty)


def _choose_share(
    parts: Sequence[tuple[UnmergedModel, tuple[Sample, ...]]],
    width: int,
    members: NDArray[np.bool_] | None,
    report: Report,
) -> tuple[float | None, HeldOut]:
    """The weight of the SVM's scores with the highest `quality` on the held-out rows, and the output of that model.

    The models are merged as they would be served: merging at a low rank changes scores, and more so the more the SVM
    weighs.
    """

    def held_out(share: float | None) -> HeldOut:
        report("weight of the SVM", SHARES.index(share), len(SHARES), "")
        weight = ALONE if share is None else share
        return _joined([_weighted(unmerged, share).merged(weight, width).held_out(out) for unmerged, out in parts])

    return max(((share, held_out(share)) for share in SHARES), key=lambda candidate: quality(candidate[1], members))


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    return HeldOut(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.oov_shares for part in parts]),
        parts[0].topics,
    )
