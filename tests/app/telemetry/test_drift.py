"""Drift: the population stability index, the noise that is subtracted, and the window of headlines."""

import asyncio
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.classifier import Classification, TopicClassifier, load_classifier
from app.classifier.encoding import Encoded
from app.classifier.manifest import Manifest
from app.telemetry.drift import MIN_HEADLINES, WINDOW, Drift, expected_psi, psi
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.prometheus.model_metrics import COUNT_AT_ONCE
from tests.app.conftest import Start
from tests.app.metrics import read
from tests.server import ROOT
from tests.tiny_bundle import KEYWORDS

ALERT = 0.25
"""The threshold of deploy/prometheus/alerts.yml."""


def test_psi_of_equal_shares_is_0_whatever_the_counts():
    assert psi(np.array([20, 60, 20]), np.array([0.2, 0.6, 0.2])) == pytest.approx(0)


def test_psi_is_the_published_formula():
    # (0.3 - 0.5) ln(0.3 / 0.5) + (0.7 - 0.5) ln(0.7 / 0.5)
    assert psi(np.array([30, 70]), np.array([0.5, 0.5])) == pytest.approx(0.16946, abs=1e-5)


def test_psi_stays_finite_where_a_topic_is_missing():
    assert 0.25 < psi(np.array([1, 0]), np.array([0.0, 1.0])) < 100


def _headlines_mix() -> np.ndarray:
    manifest = json.loads((ROOT / "models" / "headlines" / "7" / "manifest.json").read_text("utf-8"))
    shares = np.array(list(manifest["reference"]["topic_mix"].values()))
    return shares / shares.sum()


def _zipf(topics: int) -> np.ndarray:
    shares = 1 / np.arange(1, topics + 1)
    return shares / shares.sum()


MIXES = {
    "4 alike": np.full(4, 1 / 4),
    "4, one common": np.array([0.9, 0.07, 0.02, 0.01]),
    "46 of the headlines model": _headlines_mix(),
    "46 alike": np.full(46, 1 / 46),
    "400 alike": np.full(400, 1 / 400),
    "400 by Zipf": _zipf(400),
}


def drift_of(shares: Sequence[float], support: int = 0, unknown: float = 0.05) -> Drift:
    """Drift of a model whose training had this mix of topics."""
    codes = [str(label) for label in range(len(shares))]
    topics = tuple(SimpleNamespace(code=code, support=support) for code in codes)
    reference = {"topic_mix": dict(zip(codes, shares, strict=True)), "unknown_word_ratio": unknown}
    return Drift(SimpleNamespace(reference=reference, topics=topics, outside=None, multi_label=None))  # type: ignore[arg-type]


def results(labels: Sequence[int], words: int = 10, unknown: Sequence[int] | None = None) -> list[Classification]:
    """Answers with only the fields that drift uses; up to two of the words in the training corpus are rare."""
    missing = unknown if unknown is not None else [0] * len(labels)
    found = []
    for label, none in zip(labels, missing, strict=True):
        rare = min(2, words - none)
        encoded = Encoded([], words, words - none - rare, rare, [], 0)
        found.append(Classification([label] if label >= 0 else [], [], [], encoded, None))
    return found


def stream(drift: Drift, labels: np.ndarray, step: int) -> list[float]:
    """The drift of topics after every `step` headlines, without NaN."""
    found = []
    for start in range(0, len(labels), step):
        drift.add(results(labels[start : start + step].tolist()))
        index = drift.topics()
        if index is not None:
            found.append(index.psi)
    return found


@pytest.mark.parametrize("shares", MIXES.values(), ids=MIXES)
def test_service_without_drift_raises_no_alarm_however_few_headlines(shares: np.ndarray):
    """Each of 30 services is observed from its first headline until its window has been filled twice."""
    random = np.random.default_rng(7)
    worst = -math.inf
    for _ in range(30):
        labels = random.choice(len(shares), size=2 * WINDOW, p=shares)
        worst = max(worst, *stream(drift_of(shares), labels, step=40))
    assert worst < 0.2  # a normal distribution exceeds this in one of 10,000 services


@pytest.mark.parametrize("shares", MIXES.values(), ids=MIXES)
@pytest.mark.parametrize("sample", [400, 1000])
def test_expected_psi_is_the_mean_of_samples(shares: np.ndarray, sample: int):
    counts = np.random.default_rng(3).multinomial(sample, shares, size=2000)
    simulated = np.array([psi(one, shares) for one in counts])
    error = simulated.std() / math.sqrt(len(simulated))
    assert expected_psi(sample, shares) == pytest.approx(simulated.mean(), abs=5 * error + 0.02 * simulated.mean())


def test_expected_psi_of_common_topics_is_that_of_the_literature():
    assert expected_psi(1000, np.full(4, 0.25)) == pytest.approx(3 / 1000)


@pytest.mark.parametrize("shares", MIXES.values(), ids=MIXES)
def test_shift_of_half_to_one_topic_is_seen_in_1000_headlines(shares: np.ndarray):
    shifted = shares / 2
    shifted[-1] += 1 / 2
    random = np.random.default_rng(11)
    true = psi(shifted, shares)
    assert true > ALERT
    for _ in range(20):
        drift = drift_of(shares)
        drift.add(results(random.choice(len(shares), size=1000, p=shifted).tolist()))
        index = drift.topics()
        assert index is not None
        assert index.headlines == 1000
        assert index.psi > ALERT


@pytest.mark.parametrize(("topics", "least"), [(2, 100), (4, 100), (46, 285), (400, 848), (5000, 3000)])
def test_least_number_of_headlines_grows_with_the_topics_and_fits_in_the_window(topics: int, least: int):
    drift = drift_of(np.full(topics, 1 / topics))
    assert drift.min_labels == pytest.approx(least, abs=1)
    drift.add(results([0] * (drift.min_labels - 1)))
    assert drift.topics() is None
    drift.add(results([0]))
    assert drift.topics() is not None


def test_headlines_without_a_topic_do_not_push_the_others_out_of_the_window_of_many_topics():
    drift = drift_of(np.full(5000, 1 / 5000))
    drift.add(results([0] * drift.min_labels + [-1] * WINDOW))
    assert drift.topics().headlines == drift.min_labels


def test_few_wires_of_training_are_noise_too():
    few, many = drift_of([0.5, 0.5], support=25), drift_of([0.5, 0.5], support=0)
    for one in (few, many):
        one.add(results([0, 1] * 100))
    assert many.topics().psi - few.topics().psi == pytest.approx(1 / 50)  # (B - 1) / N


def test_headlines_without_a_topic_are_not_counted_as_one():
    drift = drift_of([0.5, 0.5])
    drift.add(results([-1] * 500))
    assert drift.topics() is None
    drift.add(results([0, 1] * 60))
    assert drift.topics().headlines == 120
    assert abs(drift.topics().psi) < 0.02
    assert drift.unknown_words().headlines == 620


def test_clustered_unknown_words_raise_no_alarm_and_twenty_percent_more_do():
    """All words of a headline are unknown, or none: ten times the variance of independent words."""
    random = np.random.default_rng(5)
    worst = -math.inf
    for _ in range(200):
        drift = drift_of([0.5, 0.5], unknown=0.05)
        for _ in range(10):
            drift.add(results([0] * MIN_HEADLINES, unknown=(random.random(MIN_HEADLINES) < 0.05).astype(int) * 10))
            worst = max(worst, drift.unknown_words().psi)
    assert worst < ALERT
    drift = drift_of([0.5, 0.5], unknown=0.05)
    drift.add(results([0] * 1000, unknown=(random.random(1000) < 0.25).astype(int) * 10))
    assert drift.unknown_words().psi > ALERT


def test_one_long_text_in_another_language_is_no_drift():
    drift = drift_of([0.5, 0.5], unknown=0.05)
    drift.add(results([0] * 99))
    drift.add(results([0], words=3000, unknown=[3000]))
    assert drift.unknown_words().psi < 0.1


@pytest.mark.parametrize("unknown", [0.0, 1.0])
def test_share_of_unknown_words_that_new_headlines_cannot_have_makes_no_index(unknown: float):
    drift = drift_of([0.5, 0.5], unknown=unknown)
    drift.add(results([0] * 500, unknown=[1] * 500))
    assert drift.unknown_words() is None


@pytest.fixture
def classifier(tiny_bundle: Path) -> TopicClassifier:
    return load_classifier(tiny_bundle)


def one_a_topic() -> list[str]:
    return [words.split()[-1] for words in KEYWORDS.values()]


def test_mix_of_training_is_no_drift_and_one_topic_alone_is_much(classifier: TopicClassifier):
    drift = Drift(classifier.bundle.manifest)
    drift.add(classifier.classify(one_a_topic() * 10))
    assert drift.topics().psi < 0
    drift.add(classifier.classify(["gold ounce"]) * WINDOW)  # replaces the whole window
    assert drift.topics().psi > 2


def test_unknown_words_at_the_rate_of_training_are_no_drift(classifier: TopicClassifier):
    drift = Drift(classifier.bundle.manifest)
    drift.add(classifier.classify(["gold " * 49 + "qwertz"]) * 100)  # 2%, as in the manifest
    assert drift.unknown_words().psi == pytest.approx(0, abs=1e-6)
    drift.add(classifier.classify(["qwertz"]) * WINDOW)
    assert drift.unknown_words().psi > ALERT


def test_text_without_a_word_is_left_out(classifier: TopicClassifier):
    drift = Drift(classifier.bundle.manifest)
    drift.add(classifier.classify(["..."] * 500))
    assert drift.unknown_words() is None


def test_bundle_that_says_nothing_of_training_has_no_indices(classifier: TopicClassifier):
    manifest = Manifest.model_validate(classifier.bundle.manifest.model_dump() | {"reference": {}})
    drift = Drift(manifest)
    drift.add(classifier.classify(["gold"]) * 1000)
    assert drift.topics() is None
    assert drift.unknown_words() is None


def test_share_of_outside_headlines_is_compared_with_that_of_training(outside_bundle: Path):
    classifier = load_classifier(outside_bundle)
    drift = Drift(classifier.bundle.manifest)  # 0.1 in training
    inside, outside = classifier.classify(["oil opec crude", "election court football"])
    drift.add([inside] * (MIN_HEADLINES - 1))
    assert drift.outside() is None
    drift.add([inside] * 801 + [outside] * 100)
    assert abs(drift.outside().psi) < 0.01
    drift.add([outside] * WINDOW)
    assert drift.outside().psi > 2
    drift.add(classifier.classify(["qwertz"]) * WINDOW)  # no known word: no outside probability
    assert drift.outside() is None


def test_no_index_of_outside_without_the_class_or_a_reference(classifier: TopicClassifier, outside_bundle: Path):
    with_class = load_classifier(outside_bundle)
    changed = with_class.bundle.manifest.model_dump() | {"reference": {}}
    for manifest, model in ((Manifest.model_validate(changed), with_class), (classifier.bundle.manifest, classifier)):
        drift = Drift(manifest)
        drift.add(model.classify(["gold"]) * 1000)
        assert drift.outside() is None


NAMES = ("topics_topic_drift_psi", "topics_unknown_word_drift_psi")


def test_gauges_are_nan_until_there_are_enough_headlines(start: Start):
    client = start()

    def gauges() -> list[float]:
        value = read(client.get("/metrics").text)
        return [value(name) for name in NAMES]

    assert all(map(math.isnan, gauges()))
    client.post("/predict/batch", json={"headlines": ["gold"] * MIN_HEADLINES})
    topic, words = gauges()
    assert math.isnan(topic)
    assert 0 <= words < ALERT
    client.post("/predict/batch", json={"headlines": ["gold qwertz"] * 500})
    assert min(gauges()) > ALERT


def test_gauges_come_up_to_date_without_a_scrape_and_again_after_that(
    classifier: TopicClassifier, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.telemetry.prometheus.metrics.DRIFT_SECONDS", 0.001)
    metrics = Metrics()
    [model] = metrics.models_loaded([classifier])

    async def until(headlines: int) -> None:
        model.add(classifier.classify(["gold"] * COUNT_AT_ONCE))
        async with asyncio.timeout(10):
            while metrics.registry.get_sample_value(NAMES[1], {"part": "headlines"}) != headlines:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def main() -> None:
        for times in (1, 2, 3):
            await until(times * COUNT_AT_ONCE)

    asyncio.run(main())
