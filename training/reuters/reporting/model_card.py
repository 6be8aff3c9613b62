"""Model card of the recipe `headlines`: intended use, figures, baselines, data, and how to reproduce it."""

import json
from pathlib import Path
from typing import Any, Final

from app.classifier.manifest import Manifest
from training.bundles.model_card import DATA, USE_WITH_OUTSIDE, made_with, topic_table
from training.reuters.reporting.card_tables import baselines_section, figures_table, sample_section, seeds_table
from training.reuters.reporting.card_template import CARD, OUTSIDE_SECTION, PRESENT_DAY_NOTE

BASELINES: Final = Path("docs") / "headlines" / "baselines.json"
SAMPLE: Final = Path("docs") / "headlines" / "present_day.json"
"""Figures on the development sample; left out of the card of another bundle."""

_OF_RECIPE: Final = (
    *("words", "lead", "later", "repeats", "networks", "width", "epochs", "batch_size", "learning_rate", "seed"),
    *("held_out", "held_out_every", "min_lexicon_texts"),
)
"""What the card takes from the recipe as it is."""


def write_card(manifest: Manifest, baselines: Path = BASELINES) -> str:
    """The card of a bundle, as Markdown.

    Args:
        manifest: of the bundle.
        baselines: the table of baselines; if it does not exist, the card has none.
    """
    recipe, calibration, topic_set = manifest.recipe, manifest.calibration, manifest.topic_set
    assert calibration is not None
    assert topic_set is not None
    return CARD.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        size=manifest.encoding.size - 1,
        hidden=len(manifest.topics) + 1 + recipe["networks"] * recipe["hidden"],  # the SVM's scores, and the networks
        topics_count=len(manifest.topics),
        linear=_linear(recipe.get("ridge_share", 0)),
        clusters=_clusters(recipe),
        known_from="are in neither the wires, the lexicon nor the clusters"
        if recipe.get("clusters")
        else "are in neither the wires nor the lexicon",
        units=recipe["hidden"],
        temperature=f"{calibration.intercept:.3f} + {calibration.gap_slope:.3f} log(1 + m)"
        f" + {calibration.unknown_slope:.3f} u",
        data_row=_data_row(recipe),
        outside=_outside(manifest),
        sample=sample_section(SAMPLE, manifest.full_name),
        threshold=topic_set.threshold,
        libraries=made_with(manifest),
        use=USE_WITH_OUTSIDE,
        figures=figures_table(manifest.figures),
        present_day=PRESENT_DAY_NOTE if "present_day" in manifest.figures else "",
        seeds=seeds_table(manifest.figures["seeds"], recipe["seeds"]),
        baselines=baselines_section(baselines, manifest.figures),
        topics=topic_table(manifest),
        data=DATA,
        recipe=recipe["name"],
        seed_count=len(recipe["seeds"]),
        **{key: recipe[key] for key in _OF_RECIPE},
    )


def _linear(ridge_share: float) -> str:
    ridge = f" (its scores plus {ridge_share:.2g} times those of a ridge regression on titles)"
    return "a linear SVM" + (ridge if ridge_share else "")


def _clusters(recipe: dict[str, Any]) -> str:
    if not recipe.get("clusters"):
        return ""
    return (
        f"; {recipe['clusters']:,} clusters of {recipe['clustered_words']:,} words (docs/headlines/clusters.md), for"
        " words without a feature of their own"
    )


def _data_row(recipe: dict[str, Any]) -> str:
    return (
        f"{recipe['titles']:,} titles and {recipe['bodies']:,} bodies of training wires;"
        f" {recipe['outside_titles']:,} titles and {recipe['outside_bodies']:,} bodies of wires about none of the"
        f" topics; {recipe['lexicon']:,} lines of the lexicon, {recipe['outside_lexicon']:,} of them about none of the"
        " topics"
    )


def _outside(manifest: Manifest) -> str:
    part, recipe, figures = manifest.outside, manifest.recipe, manifest.figures.get("outside")
    assert part is not None
    rows = ["| titles of | AUROC | false positive rate | true positive rate |", "|" + " --- |" * 4]
    rows.append(
        f"| held-out wires after cleaning, to which it was fitted | - | {part.lost or 0:.3f} | {part.found or 0:.3f} |"
    )
    if figures:
        name = f"{figures['with_topic']:,} test wires, {figures['without']:,} later wires without a topic"
        rows.append(f"| {name} | {figures['auroc']:.3f} | {figures['lost']:.3f} | {figures['found']:.3f} |")
    return OUTSIDE_SECTION.format(
        topics=len(manifest.topics),
        most_lost=recipe["most_lost"],
        wires=recipe["outside_titles"],
        lines=recipe["outside_lexicon"],
        measured="\n".join(rows),
        intercept=part.intercept,
        threshold=part.threshold,
        **{name: _signed(getattr(part, name)) for name in ("score", "confidence", "unknown")},
    )


def _signed(weight: float) -> str:
    return f"{'-' if weight < 0 else '+'} {abs(weight):.3f}"


def sample_left_out(manifest: Manifest) -> str | None:
    """Why the card has no figures on the development sample, in a sentence; None if it has, or there are none."""
    measured: str | None = json.loads(SAMPLE.read_text("utf-8"))["model"] if SAMPLE.exists() else None
    bundle = manifest.full_name
    if measured in {None, bundle}:
        return None
    return f"The card has no figures on the development sample: {SAMPLE} has those of {measured}, not of {bundle}."
