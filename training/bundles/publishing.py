"""What every recipe writes into a bundle: name and version, topics with their F1, topic mix, library versions."""

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.classifier.manifest import SLUG, Manifest, Topic
from training.evaluation.measure import Evaluation
from training.evaluation.multi_label import MultiLabelEvaluation
from training.evaluation.topic_skill import TopicSkill


def name_and_version(target: Path, recipe: str) -> tuple[str, str]:
    """Name and version of the bundle `target` (models/NAME/VERSION).

    Where a folder's name does not fit into a URL, the recipe's name and version 1 are used.
    """
    folder = target.resolve()
    return _slug(folder.parent.name, recipe), _slug(folder.name, "1")


def library_versions(*packages: str) -> dict[str, str]:
    """The installed versions of Python and of these packages."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def topics_with_support(labels: NDArray[np.int64], names: Mapping[str, str]) -> tuple[Topic, ...]:
    """The topics (code -> name), each with the number of training texts that have its label; `labels` is int64 [n]."""
    support = np.bincount(labels, minlength=len(names))
    return tuple(
        Topic(label=label, code=code, name=name, support=int(support[label]))
        for label, (code, name) in enumerate(names.items())
    )


def topic_mix(labels: NDArray[np.int64], codes: Sequence[str]) -> dict[str, float]:
    """Share of each topic in `labels`, int64 [n]: topic code -> 0 to 1. The service compares its traffic with it."""
    shares = np.bincount(labels, minlength=len(codes)) / len(labels)
    return dict(zip(codes, shares.round(6).tolist(), strict=True))


def with_measurements(
    manifest: Manifest,
    skills: Sequence[TopicSkill],
    measured: Mapping[str, Evaluation | MultiLabelEvaluation],
    more: dict[str, Any],
    counted: str = "wires",
) -> Manifest:
    """The manifest with each topic's precision, recall and F1, and with the figures of each evaluated part.

    `counted` is the figure with the number of texts.
    """
    topics = tuple(
        topic.model_copy(update={"precision": skill.precision, "recall": skill.recall, "f1": skill.f1})
        for topic, skill in zip(manifest.topics, skills, strict=True)
    )
    figures = {part: evaluation.figures(counted) for part, evaluation in measured.items()}
    return manifest.model_copy(update={"topics": topics, "figures": figures | more})


def _slug(name: str, default: str) -> str:
    return name if re.fullmatch(SLUG, name) else default
