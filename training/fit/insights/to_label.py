"""Writes the texts most useful to label next as CSV, to be labelled in a spreadsheet and read by `fit`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.preprocessing import normalize

from app.classifier import TopicClassifier
from app.cli.writers import spreadsheet_csv
from training.evaluation.predictions import predict
from training.fit.insights.active_learning import choose_texts, uncertainty
from training.headlines.train import TrainedModel
from training.headlines.vocabulary import encode, unit_length
from training.labelled.columns import GUESSES
from training.labelled.duplicates import find_duplicates
from training.labelled.rows import LabelledRow
from training.wording import count

MAX_CHOSEN: Final = 200
"""Maximum number of texts to label."""
MORE_COLUMNS: Final = (GUESSES[0], "probability", GUESSES[1], "second_probability", "file", "line")


@dataclass(frozen=True, slots=True)
class ToLabel:
    """Texts to label next."""

    chosen: int
    duplicates: int
    """Texts left out because they are duplicates of labelled texts or of each other."""
    alike: int
    """Texts left out because they have the same features as a chosen one, although there was room for them."""
    content: bytes
    """The chosen texts as CSV."""

    def summary(self, texts: int, bad: int) -> str:
        """How many of the texts are chosen, and why others are left out; `bad`: rows that are no texts."""
        counts = [
            count(self.duplicates, "duplicate"),
            f"{count(self.alike, 'text')} with the features of a chosen one",
            count(bad, "bad row"),
        ]
        reasons = ", ".join(reason for reason in counts if not reason.startswith("0 "))
        left_out = f"; left out: {reasons}" if reasons else ""
        return f"the {self.chosen:,} of {texts:,} texts to label next{left_out}."


def to_label(
    classifier: TopicClassifier,
    model: TrainedModel,
    rows: Sequence[LabelledRow],
    labelled: Sequence[LabelledRow],
    *,
    columns: tuple[Sequence[str], str],
    seed: int,
) -> ToLabel:
    """The texts to label; the column of labels is empty, to be filled in.

    Args:
        classifier: the bundle.
        model: the model in it.
        rows: texts without labels. Exact and near duplicates of labelled rows, and of each other, are left out.
        labelled: training and test rows.
        columns: names of the columns of texts and of the column of labels, as in the training rows, so that `fit` reads
            both files. Of several columns of texts, the first has the joined text and the others are empty.
        seed: of the choice.
    """
    groups = find_duplicates([row.text for row in (*labelled, *rows)]).together
    _, first = np.unique(groups, return_index=True)
    new = [rows[place - len(labelled)] for place in np.sort(first).tolist() if place >= len(labelled)]
    lines: list[Sequence[object]] = [(*columns[0], columns[1], *MORE_COLUMNS)]
    if new:
        probabilities, _ = predict(classifier, [row.text for row in new])
        words = [model.encoder.tokenize(row.text) for row in new]
        inputs = unit_length(encode(model.encoder, words))
        vectors = normalize(inputs @ model.layers[0].kernel)
        unsure = uncertainty(probabilities, classifier.multi_label)
        codes = [topic.code for topic in classifier.topics]
        for place in choose_texts(unsure, vectors, MAX_CHOSEN, seed).tolist():
            best, second = np.argsort(-probabilities[place], kind="stable")[:2].tolist()
            own, other = (round(float(probabilities[place, label]), 4) for label in (best, second))
            row = new[place]
            empty = [""] * len(columns[0])  # further columns of texts, and the column of labels
            lines.append([row.text, *empty, codes[best], own, codes[second], other, row.file, row.number])
    chosen = len(lines) - 1
    return ToLabel(chosen, len(rows) - len(new), min(MAX_CHOSEN, len(new)) - chosen, spreadsheet_csv(lines))
