"""Model card of the book's recipes: intended use, figures, data, and how to reproduce it."""

from typing import Any, Final

from app.classifier.manifest import Manifest
from training.bundles.model_card import DATA, ONE_SEED, USE, made_with, mean_and_deviation, topic_table

_CARD: Final = """# {name}/{version}

{description}

It returns probabilities over the 46 topics of the Reuters newswire data set (`keras.datasets.reuters`).

| | |
| --- | --- |
| network | {network} |
| training | {epochs} epochs, batches of {batch_size}, {optimizer}, {loss}, seed {seed} |
| data | {learned:,} training wires, {validation:,} validation wires, {tested:,} test wires |
| versions | {libraries} |

## Intended use
- For learning, teaching and comparisons: this is the network of the textbook.
- **Not for headlines.** It was trained on bodies of about a hundred words, not on titles of ten. On the 2,234 test
  titles `book/1` has an accuracy of 68.8%, and **its probabilities are far too low**.
{use}

## Figures
Measured on the test wires, which were not used in training, with the answers of the service:

{figures}

*Any assigned topic*: right if the prediction is any of the topics assigned to the wire. Its label is the first one.

{seeds} Published in the book: loss {published_loss}, accuracy {published_accuracy:.1%}.

![Loss by epoch](loss.png)
![Accuracy by epoch](accuracy.png)

The curves are from a run of 20 epochs with the same seed; `history.csv` has every epoch of every run.

![Confusion matrix](confusion.png)

## Calibration
The model is not calibrated: the probabilities are those of the softmax. `python -m training evaluate models/book/1`
measures a calibration error of 0.067 on the test wires with their own body, 0.051 on the official test wires and 0.562
on their titles.

## Topics
Support is the number of training wires; precision, recall and F1 are on the test wires. A dash means that the topic was
never predicted, or that no test wire has it. Figures of topics with little support are unreliable: `lead` has one test
wire.

{topics}

{data}
- The word index was built from training and test wires together, as in Keras.

## Reproduce
`python -m training train --recipe {recipe} --output models/mine/1` with the same library versions and data (SHA-256 in
`manifest.json`) gives the same weights on the same machine. Another processor or version rounds differently, which
changes the figures less than another seed does. `model.keras` contains the date when it was saved, so its SHA-256
differs each time.
"""

_NAMES: Final = {"test": "official test wires", "own_body": "test wires with their own body"}


def write_card(manifest: Manifest) -> str:
    """The card of a bundle, as Markdown, from its manifest alone."""
    recipe, figures = manifest.recipe, manifest.figures
    return _CARD.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        network=f"{manifest.encoding.size:,} words, multi-hot; "
        + ", ".join(f"Dense {units} relu" for units in recipe["hidden"])
        + f"; Dense {len(manifest.topics)} softmax",
        learned=sum(topic.support for topic in manifest.topics),
        tested=figures["test"]["wires"],
        libraries=made_with(manifest),
        use=USE,
        figures=_figures(figures),
        seeds=_seeds(figures["seeds"], len(recipe["seeds"])),
        published_loss=figures["published"]["loss"],
        published_accuracy=figures["published"]["accuracy"],
        topics=topic_table(manifest),
        data=DATA,
        recipe=recipe["name"],
        **{key: recipe[key] for key in ("epochs", "batch_size", "optimizer", "loss", "seed", "validation")},
    )


def _figures(figures: dict[str, Any]) -> str:
    rows = ["| on | wires | accuracy | any assigned topic | top 3 | macro-F1 | loss |", "|" + " --- |" * 7]
    for key, name in _NAMES.items():
        if measured := figures.get(key):
            any_topic = f"{measured['any_topic_accuracy']:.1%}" if "any_topic_accuracy" in measured else "-"
            rows.append(
                f"| {name} | {measured['wires']:,} | {measured['accuracy']:.1%} | {any_topic} | {measured['top3']:.1%}"
                f" | {measured['macro_f1']:.3f} | {measured['loss']:.3f} |"
            )
    return "\n".join(rows)


def _seeds(seeds: dict[str, Any], count: int) -> str:
    if count == 1:
        return ONE_SEED
    return (
        f"Over {count} seeds: loss {mean_and_deviation(seeds['loss'])}, accuracy"
        f" {mean_and_deviation(seeds['accuracy'], '.1%')} (mean and standard deviation); this bundle has the network"
        " of the first seed, not of the best."
    )
