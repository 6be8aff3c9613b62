"""Figures of a bundle on present-day headlines: accuracy, calibration and outside class, of each kind and of all."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from sklearn.metrics import roc_auc_score

from app.classifier import Classification, TopicClassifier
from training.evaluation.labelled_rows import THRESHOLDS
from training.evaluation.measure import calibration_error, reliability
from training.evaluation.present_day.headlines import Headline

NONE: Final = "none"
"""The code of a headline about none of the topics."""
KINDS: Final = {"biz": "business, 2018 to 2020", "gen": "general, 2016"}

MANY_UNKNOWN: Final = 3
"""Headlines with this many unknown words or more are also counted separately."""


@dataclass(frozen=True, slots=True)
class Row:
    """Figures for one kind of headlines; `right` and `ece` cover those with a topic, and are None without any.

    Headlines for which a topic and `none` are both acceptable have or lack no topic.
    """

    kind: str
    headlines: int
    with_topic: int
    right: float | None
    """Share whose most probable topic is acceptable."""
    ece: float | None
    """Expected calibration error in 15 bins."""
    without_topic: int
    many_unknown: int
    """Number of headlines with a topic and MANY_UNKNOWN or more unknown words."""
    many_unknown_right: float | None
    """Share of those whose most probable topic is acceptable."""
    right_over_all: float | None = None
    """Share of all headlines that are marked outside where `none` is acceptable, or have an acceptable topic if not."""
    auroc: float | None = None
    """Probability that a headline without a topic is more probably outside than one with a topic."""
    lost: float | None = None
    """Share of those with a topic that are marked outside."""
    found: float | None = None
    """Share of those without a topic that are."""


@dataclass(frozen=True, slots=True)
class _Answered:
    """A headline with its answer."""

    headline: Headline
    answer: Classification
    right: bool
    """Whether the most probable topic is acceptable; not if there is no answer."""

    @property
    def outside(self) -> float:
        """The probability of the outside class, 1 where there is no answer."""
        return 1.0 if self.answer.outside is None else self.answer.outside


def measure_headlines(classifier: TopicClassifier, headlines: Sequence[Headline]) -> dict[str, Any]:
    """Figures for each kind of headlines and for all of them, and what other thresholds of `outside` would mark."""
    codes = [topic.code for topic in classifier.topics]
    answers = classifier.classify([headline.text for headline in headlines], 1)
    answered = [
        _Answered(headline, answer, bool(answer.labels) and codes[answer.labels[0]] in headline.codes)
        for headline, answer in zip(headlines, answers, strict=True)
    ]
    kinds = list(dict.fromkeys(headline.kind for headline in headlines))
    parts = {KINDS.get(kind, kind): [item for item in answered if item.headline.kind == kind] for kind in kinds}
    manifest = classifier.bundle.manifest
    has_outside = manifest.outside is not None
    return {
        "model": manifest.full_name,
        "rows": [asdict(_row(kind, part, has_outside)) for kind, part in (*parts.items(), ("all", answered))],
        "threshold": classifier.outside_threshold,
        "thresholds": [
            {"threshold": threshold} | _rates(answered, [item.outside > threshold for item in answered])
            for threshold in THRESHOLDS
        ]
        if has_outside
        else [],
    }


def _row(kind: str, answered: Sequence[_Answered], has_outside: bool) -> Row:
    with_topic = [item for item in answered if NONE not in item.headline.codes]
    without = [item for item in answered if item.headline.codes == (NONE,)]
    many = [item.right for item in with_topic if len(item.answer.encoded.unknown) >= MANY_UNKNOWN]
    marked = [item.answer.abstained in {"outside", "no_known_words"} for item in answered]
    return Row(
        **_rates(answered, marked),
        auroc=_auroc(with_topic, without) if has_outside else None,
        kind=kind,
        headlines=len(answered),
        with_topic=len(with_topic),
        right=_share(item.right for item in with_topic),
        ece=_calibration_error(with_topic),
        without_topic=len(without),
        many_unknown=len(many),
        many_unknown_right=_share(many),
    )


def _rates(answered: Sequence[_Answered], marked: Sequence[bool]) -> dict[str, float | None]:
    """`lost`, `found` and `right_over_all` of `Row`, if these headlines are marked outside."""
    rows = [(item.headline.codes, item.right, out) for item, out in zip(answered, marked, strict=True)]
    return {
        "lost": _share(out for codes, _, out in rows if NONE not in codes),
        "found": _share(out for codes, _, out in rows if codes == (NONE,)),
        "right_over_all": _share(NONE in codes if out else right for codes, right, out in rows),
    }


def _share(values: Iterable[bool]) -> float | None:
    """The share that is true, to four digits; None without values."""
    chosen = list(values)
    return round(float(np.mean(chosen)), 4) if chosen else None


def _auroc(with_topic: Sequence[_Answered], without: Sequence[_Answered]) -> float | None:
    if not with_topic or not without:
        return None
    targets = np.repeat([0, 1], [len(with_topic), len(without)])
    return round(float(roc_auc_score(targets, [item.outside for item in (*with_topic, *without)])), 4)


def _calibration_error(answered: Sequence[_Answered]) -> float | None:
    if not answered:
        return None
    confidence = np.array([max(item.answer.probabilities, default=0.0) for item in answered])
    return round(calibration_error(reliability(confidence, np.array([item.right for item in answered]))), 4)
