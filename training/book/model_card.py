"""The model card: what a bundle is for, what it is not for, and how well it does."""

from typing import Any, Final

from app.classifier.manifest import Manifest
from training.book.train import Training

_CARD: Final = """# {name}/{version}

{description}

It gives probabilities over the 46 topics of the Reuters newswire set (`keras.datasets.reuters`).

| | |
| --- | --- |
| network | {network} |
| trained | {epochs} epochs, batches of {batch_size}, {optimizer}, {loss}, seed {seed} |
| data | {learned:,} wires to learn from, {validation:,} to find where overfitting begins, {tested:,} to test |
| made with | {libraries} |

## For, and not for
- For learning, teaching and comparing: this is the textbook's network, and the figures are its own.
- **Not for headlines as they come.** It saw bodies of wires only, never a title, and a headline's ten words are not a
  wire's hundred: it is often wrong on them, and **its confidence there means nothing**.
- Not for news of today: the wires are of 1987 (no euro, no internet, `dlrs` and `mln` for money), in English, and
  mostly of business. A text about anything else gets one of the 46 topics all the same.
- Not for decisions about people or money.

## How well
On the test wires, which took no part in training, answered the way the service answers:

{figures}

{seeds} Published: loss {published_loss}, accuracy {published_accuracy:.1%}.

![Loss by epoch](loss.png)
![Accuracy by epoch](accuracy.png)

The curves are those of a longer run from the same seed; `history.csv` has every epoch of every run.

![Confusion matrix](confusion.png)

## Topic by topic
Support is the number of wires learned from; precision, recall and F1 are on the test wires. A dash: never predicted, or
no such test wire. With little support the figures are chance: `lead` has one test wire.

{topics}

## The data and its flaws
Reuters-21578, Distribution 1.0 (Reuters Ltd. and Carnegie Group, Inc.; D. D. Lewis), free **for research
purposes only**. No wire is in this folder, but the word index and the weights were made from them.

- Where a wire has no body, the set carries the next one's: 975 of 11,228 (207 test wires). No model can get those right
  but by chance, which caps accuracy on the official test wires near 92%.
- A wire's label is the first of its topics; 1,821 wires have more than one.
- `earn` and `acq` are 57% of all wires; macro-F1 counts each topic alike.
- 237 test wires stand word for word in the training part too, 102 of them with the same label.
- The word index ranks the words of training and test wires together, as in Keras.

## Again
`python -m training train --recipe {recipe}` with the versions above and the same data (SHA-256 in `manifest.json`)
gives the same weights on the same machine. Another processor or version rounds differently, and the figures move
less than another seed moves them. `model.keras` holds the date of its making, so its own hash changes every time.
"""

_NAMES: Final = {"test": "official test wires", "own_body": "those with their own body"}


def write_card(manifest: Manifest, training: Training) -> str:
    """The card of a bundle, as Markdown."""
    recipe = manifest.recipe
    learned = sum(topic.support for topic in manifest.topics)
    return _CARD.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        network=f"{manifest.encoding.size:,} words, multi-hot; "
        + ", ".join(f"Dense {units} relu" for units in recipe["hidden"])
        + f"; Dense {len(manifest.topics)} softmax",
        learned=learned,
        tested=manifest.figures["test"]["wires"],
        libraries=", ".join(f"{name} {version}" for name, version in manifest.libraries.items()),
        figures=_figures(manifest.figures),
        seeds=_seeds(training),
        published_loss=manifest.figures["published"]["loss"],
        published_accuracy=manifest.figures["published"]["accuracy"],
        topics=topic_table(manifest),
        recipe=recipe["name"],
        **{key: recipe[key] for key in ("epochs", "batch_size", "optimizer", "loss", "seed", "validation")},
    )


def _figures(figures: dict[str, Any]) -> str:
    rows = ["| on | wires | accuracy | any assigned topic | top 3 | macro-F1 | loss |", "|" + " --- |" * 7]
    for key, name in _NAMES.items():
        if one := figures.get(key):
            any_topic = f"{one['any_topic_accuracy']:.1%}" if "any_topic_accuracy" in one else "-"
            rows.append(
                f"| {name} | {one['wires']:,} | {one['accuracy']:.1%} | {any_topic} | {one['top3']:.1%}"
                f" | {one['macro_f1']:.3f} | {one['loss']:.3f} |"
            )
    return "\n".join(rows)


def _seeds(training: Training) -> str:
    summary, count = training.summary(), len(training.runs)
    loss, accuracy = summary["loss"], summary["accuracy"]
    if count == 1:
        return "Trained from one seed only, so the spread is not known."
    return (
        f"Over {count} seeds: loss {loss['mean']:.3f} ± {loss['deviation']:.3f}, accuracy {accuracy['mean']:.1%} ±"
        f" {accuracy['deviation']:.1%} (mean and standard deviation); this is the first of them, not the best."
    )


def topic_table(manifest: Manifest) -> str:
    """Every topic with its support and skill, as a Markdown table."""
    rows = ["| label | topic | name | support | precision | recall | F1 |", "|" + " --- |" * 7]
    for topic in manifest.topics:
        skill = " | ".join("-" if x is None else f"{x:.2f}" for x in (topic.precision, topic.recall, topic.f1))
        rows.append(f"| {topic.label} | {topic.code} | {topic.name} | {topic.support:,} | {skill} |")
    return "\n".join(rows)
