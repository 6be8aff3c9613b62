"""Evaluates a bundle on a labelled file of present-day headlines, which is not in the repository."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import Classification, TopicClassifier
from benchmarks.machine import MeasurementError
from benchmarks.outside_rates import NONE, outside_rates, share

FOLDER = Path(__file__).parent.parent / "docs" / "headlines"
FIGURES = FOLDER / "present_day.json"
PAGE = FOLDER / "present_day.md"

KINDS = {"biz": "business, 2018 to 2020", "gen": "general, 2016"}

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds of the outside class for which the rates are given, too."""

MANY_UNKNOWN = 3
"""Headlines with this many unknown words or more are also counted separately."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A line of the file: kind, acceptable topic codes separated by |, and headline, separated by tabs."""

    kind: str
    codes: tuple[str, ...]
    """`none` means: about none of the model's topics."""
    text: str


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


def read(file: Path) -> list[Headline]:
    """Read the headlines of a file; raises MeasurementError if a line has another format."""
    headlines = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != 3:
            raise MeasurementError(f"{file}: line {number} is not kind, codes and headline, separated by tabs.")
        headlines.append(Headline(cells[0], tuple(cells[1].split("|")), cells[2]))
    return headlines


def measure(classifier: TopicClassifier, headlines: Sequence[Headline]) -> dict[str, Any]:
    """Figures for each kind of headlines and for all of them, and what other thresholds of `outside` would mark."""
    kinds = list(dict.fromkeys(headline.kind for headline in headlines))
    rows = [
        _row(classifier, KINDS.get(kind, kind), [headline for headline in headlines if headline.kind == kind])
        for kind in kinds
    ]
    manifest = classifier.bundle.manifest
    rows.append(_row(classifier, "all", headlines))
    return {
        "model": f"{manifest.name}/{manifest.version}",
        "rows": [asdict(row) for row in rows],
        "threshold": classifier.outside_threshold,
        "thresholds": _thresholds(classifier, headlines) if manifest.outside else [],
    }


def write(figures: dict[str, Any], file: Path = FIGURES, page: Path = PAGE) -> None:
    """Write the figures as JSON and as a page."""
    file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    page.write_text(markdown(figures), "utf-8")


def markdown(figures: dict[str, Any]) -> str:
    """The page as Markdown."""
    lines = [
        "# Present-day headlines",
        "",
        f"Figures of `{figures['model']}` on a development sample of real headlines of 2016 to 2020, found in public",
        "repositories and labelled by one annotator. The sample is not used for training, and is not in this",
        "repository. `present_day.tsv` and `present_day_2.tsv` in this folder are headlines written for measuring;",
        "their figures are in the model card. Made by `python -m benchmarks present-day FILE`.",
        "",
        (
            "| headlines | number | about one of the topics | accuracy of these | calibration error | false positive"
            " rate | about none of the topics | true positive rate | AUROC of `outside` | overall accuracy |"
        ),
        "|" + " --- |" * 10,
    ]
    lines += [
        f"| {row['kind']} | {row['headlines']} | {row['with_topic']} | {_percent(row['right'])}"
        f" | {_percent(row['ece'])} | {_percent(row['lost'])} | {row['without_topic']} | {_percent(row['found'])}"
        f" | {'-' if row['auroc'] is None else format(row['auroc'], '.2f')} | {_percent(row['right_over_all'])} |"
        for row in figures["rows"]
    ]
    total = figures["rows"][-1]
    many = f"about one of the topics that have {MANY_UNKNOWN} or more unknown words"
    unknown = f"Of the {total['many_unknown']} headlines {many}, {_percent(total['many_unknown_right'])} are right."
    if not total["many_unknown"]:
        unknown = f"There are no headlines {many}."
    lines += [
        "",
        unknown,
        "",
        "- *False positive rate*: share of the headlines about one of the topics that are marked `outside`.",
        "- *True positive rate*: share of the headlines about none of the topics that are marked `outside`.",
        "- *Overall accuracy*: share of headlines marked `outside` if no topic is acceptable, or else classified as an",
        "  acceptable topic.",
        "",
        "Headlines for which both a topic and none are acceptable are in neither group.",
    ]
    if figures["thresholds"]:
        lines += _threshold_lines(figures)
    return "\n".join(lines) + "\n"


def _threshold_lines(figures: dict[str, Any]) -> list[str]:
    shares = [
        [f"{rates['threshold']}", *[_percent(rates[name]) for name in ("lost", "found", "right_over_all")]]
        for rates in figures["thresholds"]
    ]
    return [
        "",
        "## Other thresholds",
        "",
        (
            "Rates of all headlines for other values of `TOPICS_OUTSIDE_THRESHOLD`; the threshold of the bundle is"
            f" {figures['threshold']:.2f}."
        ),
        "",
        "| threshold | false positive rate | true positive rate | overall accuracy |",
        "|" + " --- |" * 4,
        *[f"| {' | '.join(row)} |" for row in shares],
    ]


def _thresholds(classifier: TopicClassifier, headlines: Sequence[Headline]) -> list[dict[str, float | None]]:
    answers = classifier.classify([headline.text for headline in headlines], 1)
    codes, named, outside = (
        [headline.codes for headline in headlines],
        _named(classifier, headlines, answers),
        _outside(answers),
    )
    return [
        {"threshold": threshold}
        | asdict(outside_rates(codes, [probability > threshold for probability in outside], named))
        for threshold in THRESHOLDS
    ]


def _named(classifier: TopicClassifier, headlines: Sequence[Headline], answers: Sequence[Classification]) -> list[bool]:
    """Whether the most probable topic of each headline is acceptable; not if there is no answer."""
    codes = [topic.code for topic in classifier.topics]
    pairs = zip(headlines, answers, strict=True)
    return [bool(answer.labels) and codes[answer.labels[0]] in headline.codes for headline, answer in pairs]


def _outside(answers: Sequence[Classification]) -> list[float]:
    """The probability of the outside class, 1 where there is no answer."""
    return [1.0 if answer.outside is None else answer.outside for answer in answers]


def _row(classifier: TopicClassifier, kind: str, headlines: Sequence[Headline]) -> Row:
    answers = classifier.classify([headline.text for headline in headlines], 1)
    named, scores = _named(classifier, headlines, answers), _outside(answers)
    with_topic = [i for i, headline in enumerate(headlines) if NONE not in headline.codes]
    without = [i for i, headline in enumerate(headlines) if headline.codes == (NONE,)]
    many = [named[i] for i in with_topic if len(answers[i].encoded.unknown) >= MANY_UNKNOWN]
    marked = [answer.abstained in {"outside", "no_known_words"} for answer in answers]
    pairs = [(scores[i], scores[j]) for i in without for j in with_topic]
    return Row(
        **asdict(outside_rates([headline.codes for headline in headlines], marked, named)),
        auroc=_auroc(pairs) if classifier.bundle.manifest.outside is not None else None,
        kind=kind,
        headlines=len(headlines),
        with_topic=len(with_topic),
        right=share(named[i] for i in with_topic),
        ece=_calibration_error([(named[i], max(answers[i].probabilities, default=0.0)) for i in with_topic]),
        without_topic=len(without),
        many_unknown=len(many),
        many_unknown_right=share(many),
    )


def _auroc(pairs: Sequence[tuple[float, float]]) -> float | None:
    if not pairs:
        return None
    return round(float(np.mean([(without > topic) + 0.5 * (without == topic) for without, topic in pairs])), 4)


def _calibration_error(judged: Sequence[tuple[bool, float]], bins: int = 15) -> float | None:
    if not judged:
        return None
    right, probability = (np.array(column, dtype=float) for column in zip(*judged, strict=True))
    places = np.ceil(probability * bins)
    gaps = [abs((right - probability)[places == place].sum()) for place in np.unique(places)]
    return round(float(sum(gaps)) / len(judged), 4)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
