"""The page of figures on present-day headlines, docs/headlines/present_day.md, and the same as JSON."""

import json
from pathlib import Path
from typing import Any, Final

from training.evaluation.present_day.figures import MANY_UNKNOWN
from training.output import write_files

NAME: Final = "present_day"
"""Name of both files without its ending."""


def write_page(figures: dict[str, Any], folder: Path) -> None:
    """Write `present_day.md` and the figures as `present_day.json`."""
    content = {f"{NAME}.json": json.dumps(figures, indent=1) + "\n", f"{NAME}.md": markdown(figures)}
    write_files(folder, {name: text.encode() for name, text in content.items()})


def markdown(figures: dict[str, Any]) -> str:
    """The page as Markdown."""
    lines = [
        "# Present-day headlines",
        "",
        f"Figures of `{figures['model']}` on a development sample of real headlines of 2016 to 2020, found in public",
        "repositories and labelled by one annotator. The sample is not used for training, and is not in this",
        "repository. `present_day.tsv` and `present_day_2.tsv` in this folder are headlines written for measuring;",
        "their figures are in the model card. Made by `python -m training present-day FILE`.",
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
        "- *Overall accuracy*: share of headlines with a right answer: `outside` if no topic is acceptable, otherwise",
        "  an acceptable topic.",
        "",
        "Headlines for which both a topic and none are acceptable are in neither group.",
    ]
    if figures["thresholds"]:
        lines += _threshold_lines(figures)
    return "\n".join(lines) + "\n"


def _threshold_lines(figures: dict[str, Any]) -> list[str]:
    own = figures["threshold"]
    every = [
        *[(rates["threshold"], f"{rates['threshold']}", rates) for rates in figures["thresholds"]],
        (own, f"{own:.2f} (default)", figures["rows"][-1]),
    ]
    shares = [
        [shown, *[_percent(rates[name]) for name in ("lost", "found", "right_over_all")]]
        for _, shown, rates in sorted(every, key=lambda row: row[0])
    ]
    return [
        "",
        "## Other thresholds",
        "",
        (
            "Rates of all headlines for other values of `TOPICS_OUTSIDE_THRESHOLD`. The default is the threshold of the"
            f" bundle, {own:.2f}:"
        ),
        "training chose it so that at most 5% of the held-out headlines with a topic lose a right answer",
        "([decision 19](../decisions/0019-outside-class.md)).",
        "",
        "| threshold | false positive rate | true positive rate | overall accuracy |",
        "|" + " --- |" * 4,
        *[f"| {' | '.join(row)} |" for row in shares],
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
