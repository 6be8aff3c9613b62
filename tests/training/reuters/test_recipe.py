"""The recipe equals the one in the manifest of the shipped bundle."""

import json
from dataclasses import asdict

from app.classifier import load_bundle
from tests.real_data import REPOSITORY
from training.headlines.recipe import Recipe
from training.reuters.recipe import HEADLINES


def test_every_choice_is_that_of_the_shipped_bundle() -> None:
    shipped = load_bundle(REPOSITORY / "models" / "headlines" / "7").manifest.recipe
    described, newer = (json.loads(json.dumps(asdict(recipe))) for recipe in (HEADLINES, Recipe()))
    # Choices that are newer than the bundle had their defaults.
    assert {name: (newer | shipped).get(name) for name in described} == described
