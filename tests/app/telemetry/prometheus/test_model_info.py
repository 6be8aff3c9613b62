from pathlib import Path

from prometheus_client import CollectorRegistry

from app.classifier import load_classifier
from app.telemetry.prometheus.model_info import ModelInfo


def test_model_info_of_an_app_that_starts_again_names_only_the_new_models(tiny_bundle: Path, outside_bundle: Path):
    registry = CollectorRegistry()
    info = ModelInfo("info", "Models.", registry)
    one, two = (load_classifier(folder) for folder in (tiny_bundle, outside_bundle))
    for loaded in ([one], [two], [one, two], [two], []):
        info.set(loaded)
        samples = [sample for family in registry.collect() for sample in family.samples]
        named = {sample.labels["digest"] for sample in samples if sample.value}
        assert named == {each.bundle.digest for each in loaded}
