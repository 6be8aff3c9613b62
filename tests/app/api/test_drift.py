"""The population stability index, and the window it looks at."""

from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.api.drift import EVERY_SECONDS, WINDOW, Drift, psi
from app.classifier import load_classifier
from app.classifier.manifest import Manifest
from tests.app.conftest import Start


def test_psi_of_equal_shares_is_0_whatever_the_counts():
    assert psi(np.array([20, 60, 20]), np.array([0.2, 0.6, 0.2])) == pytest.approx(0)


def test_psi_is_the_published_formula():
    # (0.3 - 0.5) ln(0.3 / 0.5) + (0.7 - 0.5) ln(0.7 / 0.5)
    assert psi(np.array([30, 70]), np.array([0.5, 0.5])) == pytest.approx(0.16946, abs=1e-5)


def test_psi_stays_finite_where_a_topic_is_missing():
    assert 0.25 < psi(np.array([1, 0]), np.array([0.0, 1.0])) < 100


@pytest.fixture
def drift(tiny_bundle: Path):
    classifier = load_classifier(tiny_bundle)
    return Drift(classifier.bundle.manifest), classifier


def one_a_topic(classifier) -> list[str]:
    from tests.tiny_bundle import KEYWORDS

    return [words.split()[-1] for words in KEYWORDS.values()]


def test_mix_of_training_is_no_drift_and_one_topic_alone_is_much(drift):
    one, classifier = drift
    results = classifier.classify(one_a_topic(classifier))
    assert sorted(result.labels[0] for result in results) == list(range(46))
    one.saw(results * 10)
    assert one.indices()[0] == pytest.approx(0, abs=1e-6)
    one.saw(classifier.classify(["gold ounce"]) * WINDOW)  # pushes all else out of the window
    topic, _ = one.indices()
    alone = np.zeros(46)
    alone[25] = 1
    assert topic == pytest.approx(psi(alone, np.full(46, 1 / 46)))
    assert topic > 0.25


def test_unknown_words_at_the_rate_of_training_are_no_drift(drift):
    one, classifier = drift
    one.saw(classifier.classify(["gold " * 49 + "qwertz"]) * 10)  # 2%, which the manifest says
    assert one.indices()[1] == pytest.approx(0, abs=1e-6)
    one.saw(classifier.classify(["qwertz"]) * WINDOW)
    assert one.indices()[1] > 0.25


def test_indices_are_due_once_a_second(drift, monkeypatch: pytest.MonkeyPatch):
    one, classifier = drift
    [result] = classifier.classify(["gold"])
    seconds = 100.0
    monkeypatch.setattr("app.api.drift.time.monotonic", lambda: seconds)
    assert [one.saw([result]) for _ in range(250)].count(True) == 1
    seconds += EVERY_SECONDS
    assert one.saw([result])
    assert not one.saw([result])


def test_bundle_that_says_nothing_of_training_still_serves(drift):
    _, classifier = drift
    manifest = Manifest.model_validate(classifier.bundle.manifest.model_dump() | {"reference": {}})
    one = Drift(manifest)
    one.saw(classifier.classify(["gold"]) * 100)
    assert np.isfinite(one.indices()).all()


def test_gauges_show_drift_at_the_first_headlines(start: Start):
    client = start()

    def gauges() -> list[float]:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return [family.samples[0].value for family in families if family.name.endswith("_psi")]

    assert gauges() == [0, 0]
    client.post("/predict/batch", json={"headlines": ["gold ounce"] * 100})
    assert all(value > 0.01 for value in gauges())
