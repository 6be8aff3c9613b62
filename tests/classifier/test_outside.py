"""The outside class: its formula, its threshold, its place among the reasons to abstain, and bundles without it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import BundleError, TopicClassifier, load_classifier
from app.classifier.bundle import GOLDEN, MANIFEST
from app.classifier.calibration import MAX_CONFIDENCE, regression, softmax
from app.classifier.manifest import Calibration, Outside
from tests.tiny_bundle import OUTSIDE, OUTSIDE_WORDS, RARE_WORDS, seal, write_outside_bundle

IN, OUT = "oil prices rise as opec cuts crude", "election court football"


@pytest.fixture(scope="module")
def classifier(outside_bundle: Path) -> TopicClassifier:
    return load_classifier(outside_bundle)


@given(
    weights=st.tuples(*[st.floats(-100, 100)] * 4),
    text=st.tuples(st.floats(-1e4, 1e4), st.floats(1e-8, 1), st.floats(0, 1)),
)
def test_probability_is_a_logistic_regression_to_eight_digits(
    weights: tuple[float, ...], text: tuple[float, float, float]
) -> None:
    intercept, score, confidence, unknown = weights
    outside = Outside(intercept=intercept, score=score, confidence=confidence, unknown=unknown, threshold=0.5)
    s, p, u = text
    p = min(p, MAX_CONFIDENCE)
    x = intercept + score * s + confidence * math.log(p / (1 - p)) + unknown * u
    expected = 1 / (1 + math.exp(-x)) if x > -700 else 0
    found = regression(outside)(s, text[1], u)
    assert 0 <= found <= 1
    assert found == pytest.approx(expected, abs=1.1e-8)
    assert found == round(found, 8)


def test_answer_follows_from_the_last_unit_the_best_topic_and_the_words_without_an_id(
    classifier: TopicClassifier,
) -> None:
    texts = [IN, OUT, "wheat zzyzx", f"gold {RARE_WORDS[0]} zzyzx", "wheat election"]
    encoded = classifier.encode(texts)
    units = classifier._network.logits([one.ids for one in encoded])
    assert units.shape == (5, 47)
    for one, row, answer in zip(encoded, units, classifier.classify(texts, 46), strict=True):
        share = (one.words - one.known) / one.words
        assert one.oov_share == share
        scores = row[:46].astype(float) / math.exp(0.5 * share)  # unknown_slope 0.5
        probabilities = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        assert sorted(answer.probabilities) == pytest.approx(np.sort(probabilities).tolist(), abs=1e-6)
        best = min(probabilities.max(), MAX_CONFIDENCE)
        x = OUTSIDE["intercept"] + OUTSIDE["score"] * row[46] + OUTSIDE["unknown"] * share
        x += OUTSIDE["confidence"] * math.log(best / (1 - best))
        assert answer.outside == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-5)


def test_text_above_the_threshold_is_outside_and_keeps_its_predictions(classifier: TopicClassifier) -> None:
    inside, outside = classifier.classify([IN, OUT], 3)
    assert inside.outside is not None
    assert inside.outside < 0.1
    assert inside.abstained is None
    assert outside.outside is not None
    assert outside.outside > 0.9
    assert outside.abstained == "outside"
    assert len(outside.labels) == len(outside.probabilities) == 3
    assert sum(classifier.classify([OUT], 46)[0].probabilities) == pytest.approx(1, abs=1e-5)


def test_text_of_unknown_words_only_has_no_outside_probability(classifier: TopicClassifier) -> None:
    for text in ("zzyzx qqq", RARE_WORDS[0], ""):
        (answer,) = classifier.classify([text])
        assert (answer.labels, answer.abstained, answer.outside) == ([], "no_known_words", None)


def test_outside_is_named_before_low_confidence(outside_bundle: Path) -> None:
    classifier = load_classifier(outside_bundle, min_probability=1)
    assert [one.abstained for one in classifier.classify([OUT, IN, "zzyzx"])] == [
        "outside",
        "low_confidence",
        "no_known_words",
    ]


def test_given_threshold_replaces_that_of_the_manifest_and_1_disables_it(outside_bundle: Path) -> None:
    (value,) = (one.outside for one in load_classifier(outside_bundle).classify([OUT]))
    assert value is not None
    for threshold, abstained in ((1.0, None), (value, None), (value - 1e-8, "outside"), (1e-8, "outside")):
        (answer,) = load_classifier(outside_bundle, outside_threshold=threshold).classify([OUT])
        assert (answer.abstained, answer.outside) == (abstained, value)


def test_even_certainty_is_not_above_a_threshold_of_1(tmp_path: Path) -> None:
    bundle = write_outside_bundle(tmp_path / "bundle", intercept=100, threshold=1)
    (answer,) = load_classifier(bundle).classify([OUT])
    assert (answer.abstained, answer.outside) == (None, 1.0)


def test_bundle_without_an_outside_class_answers_none_whatever_the_threshold(tiny_bundle: Path) -> None:
    answers = load_classifier(tiny_bundle, outside_threshold=0.01).classify([IN, OUT, "zzyzx"])
    assert [one.outside for one in answers] == [None] * 3
    assert "outside" not in [one.abstained for one in answers]
    assert load_classifier(tiny_bundle).infer(load_classifier(tiny_bundle).encode([IN]))[1] is None


def test_texts_with_more_words_out_of_vocabulary_are_less_sure(classifier: TopicClassifier) -> None:
    texts = ["wheat"] + ["wheat" + " zzyzx" * count for count in (1, 2, 5)]
    best = [one.probabilities[0] for one in classifier.classify(texts)]
    assert best == sorted(best, reverse=True)
    assert best[0] > best[-1] + 0.1


def test_shares_change_nothing_where_the_slope_is_0(tmp_path: Path) -> None:
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle", unknown_slope=0))
    alone, beside = classifier.classify(["wheat", "wheat zzyzx"])
    assert alone.probabilities == beside.probabilities
    assert alone.outside != beside.outside


def test_both_runtimes_agree(outside_bundle: Path) -> None:
    pytest.importorskip("keras")
    numpy_, keras = (load_classifier(outside_bundle, runtime) for runtime in ("numpy", "keras"))
    encoded = numpy_.encode([IN, OUT, "wheat zzyzx", *OUTSIDE_WORDS])
    for one, other in zip(numpy_.infer(encoded), keras.infer(encoded), strict=True):
        assert one is not None
        np.testing.assert_allclose(one, np.asarray(other), atol=1e-5)


@pytest.mark.parametrize("remove", ["outside", "unit"])
def test_network_and_manifest_must_agree_on_the_outside_unit(tiny_bundle: Path, tmp_path: Path, remove: str) -> None:
    bundle = write_outside_bundle(tmp_path / "bundle") if remove == "outside" else tmp_path / "tiny"
    if remove == "outside":
        seal(bundle, outside=None)
    else:
        for file in ("", *(one.name for one in tiny_bundle.iterdir())):
            target = bundle / file
            target.mkdir() if not file else target.write_bytes((tiny_bundle / file).read_bytes())
        golden = json.loads((bundle / GOLDEN).read_text())
        (bundle / GOLDEN).write_text(json.dumps([one | {"outside": 0.5} for one in golden]))
        seal(bundle, outside=OUTSIDE, format=2)
    gives, expected = (47, 46) if remove == "outside" else (46, 47)
    with pytest.raises(BundleError, match=f"gives {gives} outputs, but .* says 300 and {expected}"):
        load_classifier(bundle)


def test_golden_headlines_hold_the_outside_probability(tmp_path: Path) -> None:
    bundle = write_outside_bundle(tmp_path / "bundle")
    golden = json.loads((bundle / GOLDEN).read_text())
    assert [one["outside"] is None for one in golden] == [False, False, False, True]
    golden[0]["outside"] += 1e-3
    (bundle / GOLDEN).write_text(json.dumps(golden))
    seal(bundle)
    with pytest.raises(BundleError, match=r"golden headlines differ by 0\.001 from"):
        load_classifier(bundle)
    (bundle / GOLDEN).write_text(json.dumps([one | {"outside": None} for one in golden]))
    seal(bundle)
    with pytest.raises(BundleError, match="needs a headline with the probability of the outside class"):
        load_classifier(bundle)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 7}, "format: this release reads formats 1 to 6, not 7; upgrade the service."),
        ({"format": 0}, "format: this release reads formats 1 to 6, not 0; train the bundle again."),
        ({"format": 7, "more": 1}, "format: this release reads formats 1 to 6, not 7; upgrade the service."),
        (
            {"format": 1},
            "the whole file: needs format 2 for `outside`, `calibration.unknown_slope`, not 1; train the bundle again.",
        ),
    ],
)
def test_format_that_would_be_misread_is_refused_in_one_sentence(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    bundle = write_outside_bundle(tmp_path / "bundle")
    seal(bundle, **changes)
    with pytest.raises(BundleError) as refused:
        load_classifier(bundle)
    assert str(refused.value) == f"{bundle / MANIFEST}: {sentence}"


def test_calibration_by_share_is_that_of_the_shares_given() -> None:
    logits = np.array([[2.0, 0.0], [2.0, 0.0]], np.float32)
    probabilities = softmax(logits, Calibration(intercept=0, unknown_slope=1), [0, 1])
    expected = [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-2 / math.e))]
    assert probabilities[:, 0].tolist() == pytest.approx(expected, abs=1e-6)
