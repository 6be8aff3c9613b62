"""Part 1: cost of a classification without HTTP, on one core, against other runtimes."""

import statistics
import time
import timeit
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.api.serialization import ResponseSerializer
from app.classifier import TopicClassifier, build_classifier, load_bundle
from app.settings import load_settings
from benchmarks.machine import MeasurementError, cores, pinned
from benchmarks.speed.runtimes import Classify, classify_with, keras_predict, onnx_runtime, tf_function
from benchmarks.texts import MadeTexts

RUNTIMES: Final = {"model.predict": keras_predict, "tf.function": tf_function, "ONNX Runtime": onnx_runtime}


def measure(seconds: float) -> dict[str, Any]:
    """Median microseconds of each step and of each runtime, by number of texts, and the runtimes' ratios to `classify`.

    Raises:
        MeasurementError: a runtime gives other topics than the service.
    """
    core, _ = cores()
    bundle = load_bundle(load_settings().model[0])
    made = MadeTexts(bundle)
    sizes = {f"{count} headline{'s' if count > 1 else ''}": made.headlines(count) for count in (1, 100, 1_000)}
    sizes |= {f"{count} wire{'s' if count > 1 else ''}": made.wires(count) for count in (1, 100)}
    with pinned([core]):  # before the runtimes start their threads
        classifier = build_classifier(bundle, "numpy", 0.0)
        others = {name: classify_with(bundle, infer(bundle)) for name, infer in RUNTIMES.items()}
        microseconds = {size: times(classifier, others, texts, seconds) for size, texts in sizes.items()}
    ratios = {size: {name: row[name] / row["classify"] for name in RUNTIMES} for size, row in microseconds.items()}
    return {"texts": made.source, "microseconds": microseconds, "ratios": ratios}


def times(
    classifier: TopicClassifier, others: Mapping[str, Classify], texts: list[str], seconds: float
) -> dict[str, float]:
    """Median microseconds of each step and of the other runtimes; raises MeasurementError if they disagree.

    `network` is part of `rank`, and both are part of `classify`, as `encode` is.
    """
    encoded, results = classifier.encode(texts), classifier.classify(texts)
    serializer = ResponseSerializer(classifier)
    for name, classify in others.items():
        for text, ours, theirs in zip(texts, results, classify(texts), strict=True):
            if ours.labels and ours.labels[0] != theirs[0][0]:
                raise MeasurementError(f"Not reported: {name} answers {text[:100]!r} differently.")
    calls: dict[str, Callable[[], object]] = {
        "encode": lambda: classifier.encode(texts),
        "network": lambda: classifier.probabilities(encoded),
        "rank": lambda: classifier.rank(encoded),
        "classify": lambda: classifier.classify(texts),
        "to JSON": lambda: [serializer.single(result, None) for result in results],
    }
    calls |= {name: lambda classify=classify: classify(texts) for name, classify in others.items()}  # type: ignore[misc]
    return {name: _median(call, seconds) for name, call in calls.items()}


def _median(call: Callable[[], object], seconds: float) -> float:
    """Median microseconds of a call, of as many as fit into `seconds`, but of three runs or more."""
    timer = timeit.Timer(call)
    number = max(1, round(0.005 / max(timer.timeit(1), 1e-6)))
    runs: list[float] = []
    end = time.perf_counter() + seconds
    while len(runs) < 3 or time.perf_counter() < end:
        runs.append(timer.timeit(number) / number * 1e6)
    return statistics.median(runs)
