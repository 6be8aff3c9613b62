"""Tables of the model card of the recipe `headlines`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from training.bundles.model_card import ONE_SEED, mean_and_deviation
from training.reuters.reporting.card_template import SAMPLE_SECTION

_BOOK: Final = "`book/1`"
"""The book's network, in the file of baselines."""

_NAMES: Final = {
    "test_titles": "test titles",
    "repeated_titles": "titles also in training",
    "own_body": "test wires with their own body",
    "decoded_body": "the same, as a client sends it",
    "test": "official test wires",
    "present_day": "present-day headlines",
    "present_day_2": "present-day headlines, second set",
}
"""Evaluated part -> its name in the tables."""


def sample_section(file: Path, bundle: str) -> str:
    """Figures on the development sample; empty if the file does not exist or is about another bundle."""
    sample: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if sample.get("model") != bundle:
        return ""
    names = {"right_over_all": "overall accuracy", "auroc": "AUROC of `outside`", "right": "accuracy if about a topic"}
    names |= {"lost": "false positive rate", "found": "true positive rate", "ece": "calibration error"}
    rows = [f"| headlines | number | {' | '.join(names.values())} |", "|" + " --- |" * (len(names) + 2)]
    for row in sample["rows"]:
        cells = ["-" if row[key] is None else f"{row[key]:.3f}" for key in names]
        rows.append(f"| {row['kind']} | {row['headlines']} | {' | '.join(cells)} |")
    return SAMPLE_SECTION.format(table="\n".join(rows))


def figures_table(figures: dict[str, Any]) -> str:
    """Figures of every evaluated part."""
    measures = {"accuracy": "accuracy", "any_topic_accuracy": "any assigned topic", "top3": "top 3"}
    measures |= {"macro_f1": "macro-F1", "loss": "loss", "ece": "calibration error"}
    measures |= {"set_coverage": "prediction set coverage", "set_size": "mean size of the set"}
    rows = [f"| on | texts | {' | '.join(measures.values())} |", "|" + " --- |" * (len(measures) + 2)]
    for part, name in _NAMES.items():
        if measured := figures.get(part):
            rows.append(
                f"| {name} | {measured['wires']:,} | {' | '.join(f'{measured[key]:.3f}' for key in measures)} |"
            )
    return "\n".join(rows)


def seeds_table(seeds: dict[str, Any], numbers: list[int]) -> str:
    """Mean and standard deviation over the seeds, or a sentence if there is one seed."""
    if len(numbers) == 1:
        return ONE_SEED
    rows = [
        (
            f"Over seeds {', '.join(map(str, numbers))} (mean ± standard deviation). The bundle has the network of the"
            " first seed, not of the best:"
        ),
        "",
        (
            "| on | accuracy | any assigned topic | macro-F1 | calibration error | prediction set coverage"
            " | mean size of the set |"
        ),
        "|" + " --- |" * 7,
    ]
    keys = ("accuracy", "any_topic_accuracy", "macro_f1", "ece", "set_coverage", "set_size")
    for part, name in _NAMES.items():
        if spread_of_part := seeds.get(part):
            rows.append(f"| {name} | {' | '.join(mean_and_deviation(spread_of_part[key]) for key in keys)} |")
    return "\n".join(rows)


def baselines_section(file: Path, figures: dict[str, Any]) -> str:
    """The baselines next to this model; empty if the file does not exist."""
    if not file.exists():
        return ""
    rows = [
        "",
        "## Compared with baselines",
        (
            "Accuracy / accuracy for any assigned topic, on the same test wires. The baselines were trained on the same"
            " titles and bodies of wires, but not on the lexicon; the book's network on the bodies of the Keras data"
            " set."
        ),
        "",
        "| model | test titles | test wires with their own body | official test wires |",
        "| --- | --- | --- | --- |",
    ]
    # The other bundles in that file are not baselines, and this model may be a newer one than is in it.
    measured = {row["name"]: [row["titles"], row["own"], row["official"]] for row in json.loads(file.read_text())}
    rows += [_row(name, scores) for name, scores in measured.items() if not name.startswith("`")]
    if _BOOK in measured:
        rows.append(_row("the book's network", measured[_BOOK]))
    rows.append(_row("**this model**", [figures[part] for part in ("test_titles", "decoded_body", "test")]))
    return "\n".join([*rows, ""])


def _row(name: str, scores: Sequence[dict[str, Any]]) -> str:
    cells = [f"{score['accuracy']:.3f} / {score['any_topic_accuracy']:.3f}" for score in scores]
    return f"| {name} | {' | '.join(cells)} |"
