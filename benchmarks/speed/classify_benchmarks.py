"""Cases for pytest-benchmark, run by `in_process.py`; also run by pytest, which then prints its tables."""

from collections.abc import Callable, Sequence

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from app.api.serialization import ResponseSerializer
from app.classifier import Bundle, TopicClassifier, build_classifier, load_bundle
from app.settings import load_settings
from benchmarks.speed import runtimes
from benchmarks.texts import texts

SIZES = ("1 headline", "100 headlines", "1000 headlines", "1 wire", "100 wires")
INFER = {
    "model.predict": runtimes.keras_predict,
    "tf.function": runtimes.tf_function,
    "ONNX Runtime": runtimes.onnx_runtime,
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(load_settings().model[0])


@pytest.fixture(scope="module")
def classifier(bundle: Bundle) -> TopicClassifier:
    return build_classifier(bundle, "numpy", 0.0)


@pytest.fixture(scope="module")
def asked(bundle: Bundle) -> dict[str, list[str]]:
    corpus = texts(bundle)
    drawn = {}
    for size in SIZES:
        count, kind = size.split()
        draw = corpus.wires if kind.startswith("wire") else corpus.headlines
        drawn[size] = draw(int(count))
    return drawn


@pytest.fixture(scope="module", params=INFER)
def other(bundle: Bundle, request: pytest.FixtureRequest) -> tuple[str, runtimes.Classify]:
    infer: Callable[[Bundle], runtimes.Infer] = INFER[request.param]
    return request.param, runtimes.classify_with(bundle, infer(bundle))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("part", ["encode", "network", "rank", "classify", "to JSON"])
def test_service(
    benchmark: BenchmarkFixture, classifier: TopicClassifier, asked: dict[str, list[str]], part: str, size: str
) -> None:
    """`network` is part of `rank`, and both are part of `classify`, as `encode` is."""
    headlines = asked[size]
    encoded = classifier.encode(headlines)
    results = classifier.rank(encoded)
    answers = ResponseSerializer(classifier)
    run: dict[str, Callable[[], object]] = {
        "encode": lambda: classifier.encode(headlines),
        "network": lambda: classifier.probabilities(encoded),
        "rank": lambda: classifier.rank(encoded),
        "classify": lambda: classifier.classify(headlines),
        "to JSON": lambda: [answers.single(result, None) for result in results],
    }
    benchmark.extra_info.update(what=part, size=size, texts=len(headlines))
    benchmark(run[part])


@pytest.mark.parametrize("size", SIZES)
def test_other(
    benchmark: BenchmarkFixture,
    classifier: TopicClassifier,
    other: tuple[str, runtimes.Classify],
    asked: dict[str, list[str]],
    size: str,
) -> None:
    """Another implementation; its answers are compared with the service's before it is timed."""
    what, classify = other
    headlines = asked[size]
    _same_topics(classifier, headlines, classify(headlines))
    benchmark.extra_info.update(what=what, size=size, texts=len(headlines))
    benchmark(classify, headlines)


def _same_topics(
    classifier: TopicClassifier, headlines: Sequence[str], theirs: Sequence[Sequence[tuple[int, float]]]
) -> None:
    for ours, their in zip(classifier.classify(headlines), theirs, strict=True):
        assert not ours.labels or ours.labels[0] == their[0][0]
