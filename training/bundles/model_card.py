"""Parts that all model cards have in common."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.classifier.manifest import Manifest

ONE_SEED: Final = "Trained from one seed only, so the spread is not known."

_ANY_TEXT: Final = """\
- It picks one of the 46 topics for any text, also for subjects that it was never trained on, such as sports or weather.
"""
USE: Final = f"""\
- The training wires are from 1987, in English and mostly about business: they mention no euro and no internet, and
  write `dlrs` and `mln` for amounts of money.
{_ANY_TEXT}\
- For research and teaching only, as the licence of the data requires. Not for decisions about people or money."""

USE_WITH_OUTSIDE: Final = USE.replace(_ANY_TEXT, "")
"""For a model with an outside class."""

DATA: Final = """\
## Data and its limitations
Reuters-21578, Distribution 1.0 (Reuters Ltd. and Carnegie Group, Inc.; D. D. Lewis), available **for research
purposes only**. This folder contains none of the wires, but its word index and weights were computed from them.

- Where a wire has no body, the data set has the body of the next wire: 975 of 11,228 wires, 207 of them test wires. No
  model can classify these except by chance, which limits the accuracy on the official test wires to about 92%. The rows
  *with their own body* leave them out.
- A wire's label is the first of its topics; 1,821 wires have more than one. Topics overlap: the first topic of most
  wires about wheat is `grain`, and that of wires about the dollar (`dlr`) is `money-fx`.
- `earn` and `acq` are 57% of all wires. Macro-F1 gives each topic the same weight.
- 237 test wires are identical to a training wire, 102 of them with the same label."""


def made_with(manifest: Manifest) -> str:
    """The library versions on one line."""
    return ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())


def mean_and_deviation(spread: dict[str, Any], form: str = ".3f") -> str:
    """`0.895 ± 0.001` of a spread (see `training.history.spread`)."""
    return f"{spread['mean']:{form}} ± {spread['deviation']:{form}}"


def literal(text: str) -> str:
    """A label as text of a Markdown table, in which `|`, `*` or `<b>` would be markup."""
    return re.sub(r"[\\`*_\[\]<>|~&]", r"\\\g<0>", text)


def topic_table(manifest: Manifest, support: str = "support", tested: Mapping[str, int] | None = None) -> str:
    """Every topic with its support, precision, recall and F1, as a Markdown table.

    Args:
        manifest: of the bundle.
        support: heading of the number of training texts.
        tested: topic code -> number of texts that the figures are from; without it, there is no such column.

    The name is left out if it is the code for every topic.
    """
    named = any(topic.code != topic.name for topic in manifest.topics)
    head = ["label", "topic", *["name"] * named, support, *["test rows"] * (tested is not None)]
    head += ["precision", "recall", "F1"]
    rows = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for topic in manifest.topics:
        scores = (topic.precision, topic.recall, topic.f1)
        skill = " | ".join("-" if score is None else f"{score:.2f}" for score in scores)
        names = [literal(topic.code), *[literal(topic.name)] * named]
        counts = [f"{topic.support:,}", *([] if tested is None else [f"{tested.get(topic.code, 0):,}"])]
        rows.append(f"| {' | '.join([str(topic.label), *names, *counts, skill])} |")
    return "\n".join(rows)
