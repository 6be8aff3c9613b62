"""The recipe equals the one in the manifest of the shipped bundle."""

from app.classifier import load_bundle
from tests.real_data import REPOSITORY
from training.reuters.recipe import HEADLINES


def test_every_choice_is_that_of_the_shipped_bundle() -> None:
    shipped = load_bundle(REPOSITORY / "models" / "headlines" / "2").manifest.recipe
    described = HEADLINES.describe()
    as_json = {name: list(map(list, value)) if name == "penalties" else value for name, value in described.items()}
    as_json["span_words"] = list(described["span_words"])
    shipped = {name: value for name, value in shipped.items() if name in described}
    assert {name: as_json[name] for name in shipped} == shipped
    added = {name: value for name, value in described.items() if name not in shipped}
    assert (added["pieces"], added["split_unspaced"], added["rare_words"]) == (0, False, None)  # as before they existed
    assert (added["linear_rows"], added["most_negatives"]) == (None, None)
