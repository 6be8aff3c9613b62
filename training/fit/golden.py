"""Golden headlines of a fit: held-out rows whose answers are stored with the model, and examples on its page."""

from typing import Final

import numpy as np

from training.fit.fitted import Fitted
from training.fit.training_rows import TrainingRows

MAX_CONFIDENT: Final = 6
"""Maximum number of confident golden headlines: one for each of the labels with the most right answers."""
MAX_CHARACTERS: Final = 300
"""Maximum length of a golden headline."""


def golden_headlines(rows: TrainingRows, fitted: Fitted) -> tuple[str, ...]:
    """Confident right answers (up to MAX_CONFIDENT), the least confident answer, the longest text, a word, and ""."""
    part = fitted.held_out
    probabilities = fitted.held_out_probabilities
    texts = [" ".join(rows.texts[sample.source or 0].split()) for sample in fitted.held_out_rows]
    usable = np.array([0 < len(text) <= MAX_CHARACTERS for text in texts])
    confidence = np.where(usable, probabilities.max(axis=1), -1.0)
    right = fitted.held_out_right & (part.labels < part.topics) & usable
    chosen: dict[str, None] = {}
    labels = part.labels[right]
    by_size = sorted(set(labels.tolist()), key=lambda label: (-int((labels == label).sum()), label))
    for label in by_size[:MAX_CONFIDENT]:
        places = np.flatnonzero(right & (part.labels == label))
        chosen[texts[places[np.argsort(-confidence[places], kind="stable")[len(places) // 4]]]] = None
    if usable.any():
        places = np.flatnonzero(usable)
        chosen[texts[places[confidence[places].argmin()]]] = None
        chosen[max((texts[i] for i in places), key=len)] = None
    word = rows.samples[0].words[0]
    return (*chosen, word, "")
