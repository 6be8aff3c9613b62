"""Measures how the time and memory of a classification grow along each axis, in process."""

import gc
import itertools
import time
import timeit
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import Bundle, Encoder, TopicClassifier, build_classifier, load_bundle
from app.classifier.bundle import Golden
from app.classifier.calibration import softmax
from app.classifier.manifest import Activation, EncodingSpec, Manifest
from app.classifier.networks.dense_network import Dense, DenseNetwork
from app.settings import load_settings
from benchmarks.texts import MadeTexts

WORDS = (1, 10, 100, 1_000)
HEADLINES = (1, 10, 100, 1_000)
TOP_K = (1, 5, 10, 46)
VOCABULARY = (1_000, 10_000, 100_000)
WIDTHS = (16, 64, 256, 1_024)

Points = list[dict[str, float]]
"""Each point has x, microseconds, and KiB: peak memory of one call, or memory of the model."""


@dataclass(frozen=True, slots=True)
class Case:
    """One point of an axis: batches to classify one after the other."""

    x: int
    classifier: TopicClassifier
    batches: Sequence[Sequence[str]]
    top_k: int = 5
    kib: float | None = None
    """Memory of the model in KiB, if that is what grows."""

    def run(self) -> None:
        """Classify all batches."""
        for batch in self.batches:
            self.classifier.classify(batch, self.top_k)


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Time and memory along each axis, and the cost factor of ten times the words and the headlines."""
    bundle = load_bundle(load_settings().model[0])
    classifier = build_classifier(bundle, "numpy", 0.0)
    made = MadeTexts(bundle)
    hundred = made.headlines(100)
    # The same words and headlines at every size; otherwise only the larger sizes would have cache misses.
    words, headlines = made.words(max(WORDS)).split(), made.headlines(max(HEADLINES))
    axes = {
        "words of a headline": _points(
            [Case(x, classifier, [[" ".join(piece)] for piece in cut(words, x)]) for x in WORDS]
        ),
        "headlines of a batch": _points([Case(x, classifier, cut(headlines, x)) for x in HEADLINES]),
        "top_k, batch of 100": _points([Case(x, classifier, [hundred], x) for x in TOP_K]),
        "vocabulary, batch of 100": _points([_random(bundle.manifest, x, x, 64) for x in VOCABULARY]),
        "hidden width, batch of 100": _points([_random(bundle.manifest, x, 10_000, x) for x in WIDTHS]),
    }
    for axis, points in axes.items():
        say(f"{axis}: " + ", ".join(f"{point['x']:,.0f}: {point['microseconds']:,.1f} us" for point in points))
    growth = {axis: tenfold(axes[axis]) for axis in ("words of a headline", "headlines of a batch")}
    return {"texts": made.source, "axes": axes, "tenfold": growth}


def tenfold(points: Sequence[dict[str, float]]) -> list[float]:
    """Cost of each point divided by that of the previous one, after subtracting the fixed cost.

    The fixed cost is the value at x = 0 of the line through the first two points, or 0 if that is negative.
    """
    (x0, t0), (x1, t1) = ((point["x"], point["microseconds"]) for point in points[:2])
    fixed = max(0.0, t0 - x0 * (t1 - t0) / (x1 - x0))
    costs = [point["microseconds"] - fixed for point in points]
    return [after / before for before, after in itertools.pairwise(costs[1:])]


def cut(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Split items into lists of `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _points(cases: Sequence[Case]) -> Points:
    """Mean time per batch, and peak memory of a batch, of each case."""
    times = _best([case.run for case in cases])
    return [
        {"x": case.x, "microseconds": time / len(case.batches), "kib": case.kib or _peak(case)}
        for case, time in zip(cases, times, strict=True)
    ]


def _peak(case: Case) -> float:
    tracemalloc.start()
    case.classifier.classify(case.batches[0], case.top_k)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def _random(like: Manifest, x: int, words: int, width: int) -> Case:
    """A batch of 100 for a random network with this vocabulary and hidden width."""
    gc.collect()
    tracemalloc.start()
    classifier = random_classifier(like, words, width)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    bundle = replace(classifier.bundle, word_index=_word_index(words))  # the classifier's own keeps no word index
    return Case(x, classifier, [MadeTexts(bundle).headlines(100)], kib=held / 1024)


def random_classifier(like: Manifest, words: int, width: int) -> TopicClassifier:
    """A classifier with two hidden layers of random weights and a vocabulary of `words` words w1, w2, ..."""
    noise = np.random.default_rng(0)
    spec = EncodingSpec(size=words + 4)
    widths = (spec.size, width, width, len(like.topics))
    activations: tuple[Activation, ...] = ("relu", "relu", "linear")
    network = DenseNetwork(
        [
            Dense(noise.normal(0, 0.1, (fan_in, fan_out)).astype(np.float32), np.zeros(fan_out, np.float32), activation)
            for (fan_in, fan_out), activation in zip(itertools.pairwise(widths), activations, strict=True)
        ]
    )
    word_index = _word_index(words)
    ids = Encoder(spec, word_index).encode("w1").ids
    golden = Golden(headline="w1", probabilities=tuple(softmax(network.logits([ids]))[0].tolist()))
    manifest = like.model_copy(update={"encoding": spec, "calibration": None, "topic_set": None, "outside": None})
    return TopicClassifier(Bundle(Path(), manifest, "", word_index, (golden,), b""), network)


def _word_index(words: int) -> dict[str, int]:
    return {f"w{rank}": rank for rank in range(1, words + 1)}


def _best(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Processor time in microseconds of the fastest of many runs of each call: other programs only slow them down.

    The calls take turns, so that a change of the machine's speed affects all of them.
    """
    timers = [timeit.Timer(do, timer=time.process_time) for do in calls]
    numbers = [max(1, round(0.005 / max(timer.timeit(1), 1e-6))) for timer in timers]
    turns = [[timer.timeit(number) / number for timer, number in zip(timers, numbers, strict=True)] for _ in range(50)]
    return [min(each) * 1e6 for each in zip(*turns, strict=True)]
