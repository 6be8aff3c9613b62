"""The headline model's card: what it is for, what it is not for, and how well it does."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.classifier.manifest import Manifest
from training.book.model_card import topic_table
from training.evaluation.evaluate import Evaluation

BASELINES = Path("docs") / "headlines" / "baselines.json"

_CARD: Final = """# {name}/{version}

{description}

It gives probabilities over the 46 topics of the Reuters newswire set (`keras.datasets.reuters`).

| | |
| --- | --- |
| encoding | {size:,} words, words after the first {lead}, repeats and pairs: multi-hot, scaled to length 1 |
| network | Dense {width} linear, {hidden} relu, {topics_count} softmax |
| made of | a linear support vector machine and {networks} networks of {units} units, merged at rank {width} |
| trained | {epochs} epochs, batches of {batch_size}, Adam from {learning_rate}, word dropout, spans, seed {seed} |
| data | {titles:,} titles and {bodies:,} bodies of training wires |
| calibrated | temperature exp({intercept:.3f} + {gap_slope:.3f} log(1 + gap)); topic set from {threshold:.3f} on |
| made with | {libraries} |

## For, and not for
- For headlines, and for news articles as a whole, in English, about business, commodities and economies.
- For research and teaching: the licence of the data allows no more.
- Not for news about anything else: sports, weather or politics get one of the 46 topics all the same. A low probability
  or a large `topic_set` says so at times, not always; a headline without a known word is `abstained`.
- The wires are of 1987: no euro, no internet, no shale; `dlrs` and `mln` for money. New words are unknown to it, and
  its probabilities are measured on headlines of 1987 only.
- Not for decisions about people or money.

## How well
On the test wires, which took no part in training, answered the way the service answers:

{figures}

*Any assigned topic*: right if it is one of all topics that the editors gave the wire, of which the label is the first.
*As a client sends it*: entities decoded and the closing cue removed, which the set's own words have kept.
*Titles seen in training*: test titles that a training wire has, too; they were left out of training, not that wire's
body.

{seeds}

| figure | to reach | this model | the book's |
| --- | --- | --- | --- |
{targets}

**The test set was touched eight times** on the way here: by a first recipe (a network distilled from five networks and
two linear machines: 0.888 titles, 0.902 own bodies, 0.840 official), by merged networks and a linear machine that saw
no repeats (wider ones, one of them distilled: 0.890, 0.905, 0.844; five seeds of plainer ones: 0.889, 0.903, 0.841),
by rows of length 1 without a lead (five seeds: 0.894, 0.905, 0.842), by words after the lead apart from those in it
(five seeds: 0.893, 0.909, 0.848), by first words as texts of their own and a linear half for which further topics were
not wrong (five seeds: 0.895, 0.912, 0.851; calibration error of titles 0.024), by the same with another fit of the
temperature and further topics a little right (five seeds: 0.894, 0.914, 0.853; 0.018), and by this one, whose linear
half weighs words by topic and not by idf, with all its seeds. Each was fixed by training wires alone, but going on
after a touch is a choice that the test set had a part in.

![Learning curves](learning.png)

The networks alone, trained without the held-out wires; `history.csv` has every epoch of every run.

## What its probabilities mean
The temperature grows with the gap, by which the best topic's score is above the mean of all: the surest answers are
cooled most.
Temperature and topic set were fitted on {held_out:,} training wires that a network of the same recipe had not seen; the
network served has learned from those, too, so that the promise of coverage holds for it only about, as measured above.

![Reliability diagrams of headlines and wires](reliability.png)

## What it takes for what
On test titles:

![Confusion matrix](confusion.png)
{baselines}
## Topic by topic
Support is the number of titles learned from; precision, recall and F1 are on the test titles. A dash: never predicted,
or no such title. With little support the figures are chance: `lead` has one test wire.

{topics}

## The data and its flaws
Reuters-21578, Distribution 1.0 (Reuters Ltd. and Carnegie Group, Inc.; D. D. Lewis), free **for research
purposes only**. No wire is in this folder, but the vocabulary and the weights were made from them.

- Where a wire has no body, the set carries the next one's: 975 of 11,228 (768 to train, 207 to test). The wrong bodies
  took no part in training; no model gets those test wires right but by chance, which caps the official figure near 92%.
- A wire's label is the first of its topics; 1,821 wires have more than one. Labels overlap: wheat is filed under
  `grain` first, `dlr` under `money-fx`.
- `earn` and `acq` are 57% of all wires; macro-F1 counts each topic alike.
- 237 test wires stand word for word in the training part too, 102 of them with the same label.

## Again
`python -m training train --recipe {recipe} --seeds {seed_count}` with the versions above and the same data (SHA-256 in
`manifest.json`) gives the same network on the same machine, up to the date in `model.keras`.
"""

_NAMES: Final = {
    "test_titles": "test titles",
    "repeated_titles": "titles seen in training",
    "own_body": "test wires with their own body",
    "decoded_body": "the same, as a client sends it",
    "test": "official test wires",
}
_TARGETS: Final = (
    ("official test wires", "test", "accuracy", 0.845),
    ("test wires with their own body", "decoded_body", "accuracy", 0.910),
    ("test titles", "test_titles", "accuracy", 0.895),
    ("calibration error, titles", "test_titles", "ece", 0.020),
    ("calibration error, own bodies", "decoded_body", "ece", 0.025),
    ("any assigned topic, own bodies", "decoded_body", "any_topic_accuracy", 0.945),
    ("any assigned topic, titles", "test_titles", "any_topic_accuracy", 0.922),
    ("90% topic set on titles: coverage", "test_titles", "set_coverage", "0.89 to 0.92"),
    ("90% topic set on titles: mean size", "test_titles", "set_size", "under 1.3"),
)


def write_card(manifest: Manifest, book: dict[str, Evaluation] | None, baselines: Path = BASELINES) -> str:
    """The card of a bundle, as Markdown; compared with the book's and the baselines' figures where they are at hand."""
    recipe, calibration, topic_set = manifest.recipe, manifest.calibration, manifest.topic_set
    assert calibration is not None
    assert topic_set is not None
    return _CARD.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        size=manifest.encoding.size - 1,
        hidden=len(manifest.topics) + recipe["networks"] * recipe["hidden"],
        topics_count=len(manifest.topics),
        units=recipe["hidden"],
        intercept=calibration.intercept,
        gap_slope=calibration.gap_slope,
        threshold=topic_set.threshold,
        libraries=", ".join(f"{name} {version}" for name, version in manifest.libraries.items()),
        figures=_figures(manifest.figures),
        seeds=_seeds(manifest.figures["seeds"], recipe["seeds"]),
        targets=_targets(manifest.figures, book),
        baselines=_baselines(baselines, manifest.figures, book),
        topics=topic_table(manifest),
        recipe=recipe["name"],
        seed_count=len(recipe["seeds"]),
        **{
            key: recipe[key]
            for key in ("lead", "networks", "width", "epochs", "batch_size", "learning_rate", "seed", "held_out")
        },
        **{key: recipe[key] for key in ("titles", "bodies")},
    )


def _figures(figures: dict[str, Any]) -> str:
    measures = {"accuracy": "accuracy", "any_topic_accuracy": "any assigned topic", "top3": "top 3"}
    measures |= {"macro_f1": "macro-F1", "loss": "loss", "ece": "calibration error"}
    measures |= {"set_coverage": "topic set holds it", "set_size": "topics in the set"}
    rows = [f"| on | texts | {' | '.join(measures.values())} |", "|" + " --- |" * (len(measures) + 2)]
    for part, name in _NAMES.items():
        if one := figures.get(part):
            rows.append(f"| {name} | {one['wires']:,} | {' | '.join(f'{one[key]:.3f}' for key in measures)} |")
    return "\n".join(rows)


def _seeds(seeds: dict[str, Any], numbers: list[int]) -> str:
    if len(numbers) == 1:
        return "Trained from one seed only, so the spread is not known."
    rows = [
        (
            f"Over seeds {', '.join(map(str, numbers))} (mean ± standard deviation; served is the first, chosen before"
            " any was tested):"
        ),
        "",
        "| on | accuracy | any assigned topic | macro-F1 | calibration error | topic set holds it | topics in it |",
        "|" + " --- |" * 7,
    ]
    keys = ("accuracy", "any_topic_accuracy", "macro_f1", "ece", "set_coverage", "set_size")
    for part, name in _NAMES.items():
        if one := seeds.get(part):
            cells = [f"{one[key]['mean']:.3f} ± {one[key]['deviation']:.3f}" for key in keys]
            rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _targets(figures: dict[str, Any], book: dict[str, Evaluation] | None) -> str:
    rows = []
    for name, part, key, goal in _TARGETS:
        if part in figures:
            other = book[part].figures().get(key) if book else None
            wanted = goal if isinstance(goal, str) else f"{goal:.3f}"
            rows.append(
                f"| {name} | {wanted} | {figures[part][key]:.3f} | {'-' if other is None else format(other, '.3f')} |"
            )
    return "\n".join(rows)


def _baselines(file: Path, figures: dict[str, Any], book: dict[str, Evaluation] | None) -> str:
    if not file.exists():
        return ""
    rows = [
        "",
        "## Beside baselines",
        (
            "On the same test wires, trained on the same titles and bodies (the book's: on bodies as Keras has them);"
            " accuracy / any assigned topic."
        ),
        "",
        "| model | titles | own body | official |",
        "| --- | --- | --- | --- |",
    ]
    # Bundles stand in that file, too, as they were when the table was made.
    baselines = [row for row in json.loads(file.read_text()) if not row["name"].startswith("`")]
    rows += [_row(row["name"], [row["titles"], row["own"], row["official"]]) for row in baselines]
    parts = ("test_titles", "decoded_body", "test")
    if book:
        rows.append(_row("the book's network", [book[part].figures() for part in parts]))
    rows.append(_row("**this model**", [figures[part] for part in parts]))
    return "\n".join([*rows, ""])


def _row(name: str, scores: Sequence[dict[str, Any]]) -> str:
    cells = [f"{one['accuracy']:.3f} / {one['any_topic_accuracy']:.3f}" for one in scores]
    return f"| {name} | {' | '.join(cells)} |"
