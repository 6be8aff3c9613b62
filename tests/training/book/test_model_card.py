"""The model card of the shipped bundle equals the one generated from its manifest."""

from app.classifier import load_bundle
from app.classifier.bundle import CARD
from tests.real_data import REPOSITORY
from training.book.model_card import write_card

BUNDLE = REPOSITORY / "models" / "book" / "1"


def test_card_is_the_shipped_one() -> None:
    assert write_card(load_bundle(BUNDLE).manifest) == (BUNDLE / CARD).read_text("utf-8")
