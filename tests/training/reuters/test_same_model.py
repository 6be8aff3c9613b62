"""The recipe `headlines` learns the same from the made corpus as before, so changes for `fit` leave it alone.

Vocabulary and ids are compared exactly. Scores are compared within a tolerance, because another processor adds numbers
in another order. After a change that is meant: `python -m tests.training.reuters.test_same_model` records the file.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.training.reuters.conftest import LEXICON, SMALL, make_corpus, make_outside
from training.headlines.train import train_model
from training.headlines.vocabulary import encode
from training.reuters.samples import Texts, lexicon_samples, make_samples, training_set

RECORDED = Path(__file__).with_name("same_model.json")
TEXTS = 6


def learned() -> dict[str, Any]:
    """Hashes of vocabulary and ids, and the scores of the merged model for some titles."""
    titles, bodies = make_samples([*(wire for wire in make_corpus() if wire.split == "train"), *make_outside()])
    texts = Texts(tuple(titles), tuple(bodies), tuple(lexicon_samples(LEXICON)))
    recipe = replace(SMALL, epochs=2)
    model = train_model(recipe, training_set(recipe, texts), 1).merged(recipe.linear_share, recipe.width)
    rows = encode(model.encoder, [sample.words for sample in (*titles, *bodies)])
    return {
        "word_index": hashlib.sha256(json.dumps(model.word_index).encode()).hexdigest(),
        "ids": hashlib.sha256(rows.indices.tobytes() + rows.indptr.tobytes()).hexdigest(),
        "loss": model.history["loss"],
        "scores": model.held_out(titles[:TEXTS]).logits.astype(float).round(4).tolist(),
    }


def test_same_vocabulary_and_same_scores_as_recorded() -> None:
    found, recorded = learned(), json.loads(RECORDED.read_text())
    assert (found["word_index"], found["ids"]) == (recorded["word_index"], recorded["ids"])
    np.testing.assert_allclose(found["loss"], recorded["loss"], rtol=1e-3)
    np.testing.assert_allclose(found["scores"], recorded["scores"], atol=5e-3)


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(learned()) + "\n")
