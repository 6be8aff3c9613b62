"""Performance regression check: compares ratios to peers, not seconds, so that it works on any machine."""

import tempfile
import timeit
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import build_classifier, load_bundle
from app.settings import load_settings
from benchmarks.speed import over_http, startup
from benchmarks.speed.loads import BATCH, Load
from benchmarks.speed.runtimes import classify_with
from benchmarks.speed.targets import EMPTY, SERVICE
from benchmarks.texts import MadeTexts

_LOADS = (Load("single headlines", 16), Load("batches of 100", 16, BATCH))
_SECONDS, _ROUNDS = 2.0, 3
"""Chosen so that two measurements take less than two minutes."""


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Ratios by name: the factor by which the service is better than a peer that hardly ever changes.

    Raises:
        MeasurementError: wrk is missing or a request failed.
    """
    http = over_http.measure(_SECONDS, _ROUNDS, say, (SERVICE, EMPTY), _LOADS)["ratios"]
    with tempfile.TemporaryDirectory() as directory:
        ours, empty = (startup.start(target, Path(directory), _ROUNDS) for target in (SERVICE, EMPTY))
    # CPU time instead of elapsed time: the same on a quiet machine, but CI machines are not quiet.
    ratios = {f"{load}, CPU against the empty route": http[load][EMPTY.name]["cpu"] for load in http}
    ratios["start, CPU against the empty route"] = empty["cpu_s"] / ours["cpu_s"]
    ratios["memory against the empty route"] = empty["resident_mb"] / ours["resident_mb"]
    ratios |= _against_dense_product()
    return {"ratios": ratios}


def fallen_ratios(committed: Mapping[str, float], margin: float, say: Callable[[str], None]) -> list[str]:
    """Names of the ratios that are lower by more than `margin` (a share) in two measurements."""
    fallen = _fallen(committed, measure(say)["ratios"], margin, say)
    if fallen:
        say("measuring again, because the difference may be noise")
        again = _fallen(committed, measure(say)["ratios"], margin, say)
        fallen = [name for name in fallen if name in again]
    return fallen


def _fallen(
    committed: Mapping[str, float], measured: Mapping[str, float], margin: float, say: Callable[[str], None]
) -> list[str]:
    # A ratio that is no longer measured counts as fallen; otherwise renaming it would hide a regression.
    now = {name: measured.get(name, 0.0) for name in committed}
    for name, ratio in committed.items():
        say(f"{name}: {now[name]:.2f}, committed {ratio:.2f}")
    return [name for name, ratio in committed.items() if not now[name] >= ratio * (1 - margin)]


def _against_dense_product() -> dict[str, float]:
    """Ratios of a product of dense vectors and one matrix to `classify`, in process: the gain of summing rows."""
    bundle = load_bundle(load_settings().model[0])
    classifier = build_classifier(bundle, "numpy", 0.0)
    kernel = np.random.default_rng(0).random((bundle.manifest.encoding.size, 64), np.float32)
    dense = classify_with(bundle, lambda multi_hot, _: multi_hot @ kernel)
    ratios = {}
    for count in (1, 100):
        headlines = MadeTexts(bundle).headlines(count)
        ratios[f"{count} in process, against a dense product"] = _fastest(dense, headlines) / _fastest(
            classifier.classify, headlines
        )
    return ratios


def _fastest(classify: Callable[[list[str]], object], headlines: list[str]) -> float:
    return min(timeit.repeat(lambda: classify(headlines), number=20, repeat=25))
