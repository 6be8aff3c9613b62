"""Model card of the recipe `headlines`: intended use, figures, baselines, data, and how to reproduce it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.classifier.manifest import Manifest
from training.bundles.model_card import (
    DATA,
    ONE_SEED,
    USE_WITH_OUTSIDE,
    made_with,
    mean_and_deviation,
    topic_table,
)

BASELINES: Final = Path("docs") / "headlines" / "baselines.json"
SAMPLE: Final = Path("docs") / "headlines" / "present_day.json"
_BOOK: Final = "`book/1`"
"""The book's network, in that file."""

_CARD: Final = """# {name}/{version}

{description}

It returns probabilities over the 46 topics of the Reuters newswire data set (`keras.datasets.reuters`).

| | |
| --- | --- |
| encoding | {size:,} multi-hot features, scaled to length 1: the {words:,} words that occur in the most texts, and\
 all others that occur in at least {min_lexicon_texts} lines of the lexicon; up to {later:,} words that first occur\
 after the first {lead} words of a text; up to {repeats:,} words that occur at least twice in a text; pairs of adjacent\
 words{clusters} |
| network | Dense {width} linear, {hidden} relu, {topics_count} softmax and one unit for `outside` |
| ensemble | {linear}, and {networks} networks of {units} hidden units, merged into this one network: its first\
 layer is a rank-{width} approximation of theirs |
| training | {epochs} epochs, batches of {batch_size}, Adam from {learning_rate}, word dropout, seed {seed} |
| training texts | {data_row} |
| calibration | temperature exp({temperature}), with m the highest logit minus the mean logit of the text, and u the\
 share of its words that are out of vocabulary |
| prediction set | topics with a probability of at least {threshold:.3f} |
| versions | {libraries} |

## Intended use
- For headlines and whole news articles in English, about business, commodities and economies.
{use}
- It ignores words that {known_from}. For a headline without any known word, `abstained` is `no_known_words`.

## Figures
Measured on the test wires, which were not used in training, with the answers of the service. The test wires were also
measured while the recipe was developed (docs/experiments.md), so the figures are slightly optimistic.

{figures}

- *Any assigned topic*: right if the prediction is any of the topics assigned to the wire. Its label is the first one.
- *Own body*: wires whose body in the data set is the right one; see *Data and its limitations* below.
- *As a client sends it*: the same bodies with entities decoded and without the closing `REUTER`, which the words of the
  data set include.
- *Titles also in training*: test titles that a training wire also has. These titles were not used in training, but the
  bodies of these training wires were.
{present_day}{sample}
{seeds}

![Learning curves](learning.png)

The curves show the networks without the SVM, trained without the held-out wires. `history.csv` has every epoch of every
run.

## Calibration
The logits are divided by a temperature. It grows with m, the highest logit minus the mean logit, so the most confident
answers are reduced most, and with the share of out-of-vocabulary words, so headlines with unknown words get lower
probabilities. It was fitted on the titles and bodies of {held_out:,} training wires and on one in {held_out_every}
lines of the lexicon, with a network of the same recipe that was trained without them.

The prediction sets were fitted on the titles of these wires alone, all from 1987. The served network was also trained
on these texts, so the coverage of the prediction sets is only approximately guaranteed. The table above has the
measured coverage.

![Reliability diagrams of headlines and wires](reliability.png)

{outside}## Confusion
On test titles:

![Confusion matrix](confusion.png)
{baselines}
## Topics
Support is the number of titles trained on; precision, recall and F1 are on the test titles. A dash means that the topic
was never predicted, or that no test title has it. Figures of topics with little support are unreliable: `lead` has one
test wire.

{topics}

{data}

## Reproduce
`python -m training train --recipe {recipe} --seeds {seed_count} --output models/mine/1` with the same library versions
and data (SHA-256 in `manifest.json`) gives the same network on the same machine, except for the date in `model.keras`.
"""

_PRESENT_DAY: Final = """\
- *Present-day headlines*: `docs/headlines/present_day.tsv` and `present_day_2.tsv`, written for measuring. Nearly
  every topic has at least one line (four in the second set), so rare topics have more weight than in real news.
"""

_OUTSIDE: Final = """## None of the topics
`outside` is the probability that a text is about none of the {topics} topics. The outside class was trained on
{wires:,} titles of wires without a topic (or with rare topics only), on the bodies of such wires, and on {lines:,} such
lines of the lexicon. `outside` is calibrated for traffic of which half is about none of the topics. If your share is
higher, it is too low; if your share is lower, it is too high. The formula is

    sigmoid({intercept:.3f} {score} s {confidence} log-odds of the most probable topic {unknown} u)

with s the logit of the network's last unit, and u the share of the text's words that are out of vocabulary. Above
{threshold:.3f}, `abstained` is `outside`; `TOPICS_OUTSIDE_THRESHOLD` overrides this threshold.

{measured}

*False positive rate*: share of the titles with a topic that are marked `outside`. *True positive rate*: share of the
titles without a topic that are marked. Some wires without a topic in the archive should have had one. The later wires
are those without a topic that were marked as indexed (`TOPICS="YES"`).

"""

_SAMPLE: Final = """
On a development sample of real headlines of 2016 to 2020 (docs/headlines/present_day.md), not used in training:

{table}

*Overall accuracy*: share of headlines marked `outside` if no topic is acceptable, or else classified as an acceptable
topic. *False positive rate* and *true positive rate*: see *None of the topics* below.
"""

_OF_RECIPE: Final = (
    *("words", "lead", "later", "repeats", "networks", "width", "epochs", "batch_size", "learning_rate", "seed"),
    *("held_out", "held_out_every", "min_lexicon_texts"),
)
"""What the card takes from the recipe as it is."""

_NAMES: Final = {
    "test_titles": "test titles",
    "repeated_titles": "titles also in training",
    "own_body": "test wires with their own body",
    "decoded_body": "the same, as a client sends it",
    "test": "official test wires",
    "present_day": "present-day headlines",
    "present_day_2": "present-day headlines, second set",
}


def write_card(manifest: Manifest, baselines: Path = BASELINES, sample: Path = SAMPLE) -> str:
    """The card of a bundle, as Markdown.

    Args:
        manifest: of the bundle.
        baselines: the table of baselines; if it does not exist, the card has none.
        sample: figures on the development sample; left out if the file does not exist or is about another bundle.
    """
    recipe, calibration, topic_set = manifest.recipe, manifest.calibration, manifest.topic_set
    assert calibration is not None
    assert topic_set is not None
    return _CARD.format(
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
        sample=_sample(sample, f"{manifest.name}/{manifest.version}"),
        threshold=topic_set.threshold,
        libraries=made_with(manifest),
        use=USE_WITH_OUTSIDE,
        figures=_figures(manifest.figures),
        present_day=_PRESENT_DAY if "present_day" in manifest.figures else "",
        seeds=_seeds(manifest.figures["seeds"], recipe["seeds"]),
        baselines=_baselines(baselines, manifest.figures),
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
    return _OUTSIDE.format(
        topics=len(manifest.topics),
        wires=recipe["outside_titles"],
        lines=recipe["outside_lexicon"],
        measured="\n".join(rows),
        intercept=part.intercept,
        threshold=part.threshold,
        **{name: _signed(getattr(part, name)) for name in ("score", "confidence", "unknown")},
    )


def _signed(weight: float) -> str:
    return f"{'-' if weight < 0 else '+'} {abs(weight):.3f}"


def _sample(file: Path, bundle: str) -> str:
    sample: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if sample.get("model") != bundle:
        return ""
    names = {"right_over_all": "overall accuracy", "auroc": "AUROC of `outside`", "right": "accuracy if about a topic"}
    names |= {"lost": "false positive rate", "found": "true positive rate", "ece": "calibration error"}
    rows = [f"| headlines | number | {' | '.join(names.values())} |", "|" + " --- |" * (len(names) + 2)]
    for row in sample["rows"]:
        cells = ["-" if row[key] is None else f"{row[key]:.3f}" for key in names]
        rows.append(f"| {row['kind']} | {row['headlines']} | {' | '.join(cells)} |")
    return _SAMPLE.format(table="\n".join(rows))


def sample_left_out(manifest: Manifest, sample: Path = SAMPLE) -> str | None:
    """Why the card has no figures on the development sample, in a sentence; None if it has, or there are none."""
    measured: str | None = json.loads(sample.read_text("utf-8"))["model"] if sample.exists() else None
    bundle = f"{manifest.name}/{manifest.version}"
    if measured in {None, bundle}:
        return None
    return f"The card has no figures on the development sample: {sample} has those of {measured}, not of {bundle}."


def _figures(figures: dict[str, Any]) -> str:
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


def _seeds(seeds: dict[str, Any], numbers: list[int]) -> str:
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


def _baselines(file: Path, figures: dict[str, Any]) -> str:
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
