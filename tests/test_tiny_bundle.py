from pathlib import Path

import pytest

from app.classifier import load_classifier
from tests.tiny_bundle import RARE_WORDS


@pytest.mark.parametrize(
    ("headline", "code"),
    [
        ("oil prices rise opec crude", "crude"),
        ("wheat flour", "wheat"),
        ("grain harvest of corn", "grain"),
        ("profit dividend shares", "earn"),
        ("takeover bid", "acq"),
    ],
)
def test_tiny_bundle_knows_its_keywords(tiny_bundle: Path, headline: str, code: str) -> None:
    classifier = load_classifier(tiny_bundle)
    (answer,) = classifier.classify([headline])
    assert classifier.topics[answer.labels[0]].code == code
    assert answer.probabilities[0] > 0.5


def test_tiny_bundle_has_rare_words(tiny_bundle: Path) -> None:
    encoder = load_classifier(tiny_bundle).encoder
    assert {encoder.status(word) for word in RARE_WORDS} == {"rare"}
    assert encoder.status("filler0") == "known"
