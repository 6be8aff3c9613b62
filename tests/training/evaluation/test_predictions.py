"""A bundle's answers as arrays."""

from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from training.data.dataset import Dataset
from training.evaluation import predictions
from training.evaluation.predictions import predict


def test_batches_answer_as_one(tiny_bundle: Path, small_set: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = load_classifier(tiny_bundle)
    texts = small_set.test.texts
    together, _ = predict(classifier, texts)
    monkeypatch.setattr(predictions, "_BATCH_ROWS", 7)
    np.testing.assert_allclose(predict(classifier, texts)[0], together, atol=1e-6)
