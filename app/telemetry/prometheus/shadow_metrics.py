"""Metrics of the shadow model: how often it agrees with the default model, and how confident it is."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter

from app.classifier import Classification
from app.telemetry.prometheus.histogram import BatchHistogram
from app.telemetry.prometheus.model_metrics import SHARES
from app.telemetry.prometheus.process import ModelInfo

Difference = Literal["topic", "default_only", "shadow_only"]
"""Both models give a topic, but not the same; only the default model gives one; or only the shadow does."""

_HEADLINES, _AGREED, _DISAGREED = (f"topics_shadow_{name}_total" for name in ("headlines", "agreed", "disagreed"))


class Comparison(NamedTuple):
    """Headlines that the shadow has classified, on how many of them it agrees with the default model, and why not."""

    headlines: int
    agreed: int
    disagreed: Mapping[str, int]
    """Number of headlines by `Difference`."""


class ShadowMetrics:
    """All metrics of the shadow; 0 in a service without one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.info = ModelInfo("topics_shadow_info", "1 for the shadow model that is loaded.", registry)
        self.headlines = Counter("topics_shadow_headlines", "Headlines that the shadow classified.", registry=registry)
        self.agreed = Counter(
            "topics_shadow_agreed", "Headlines on which the shadow agrees with the default model.", registry=registry
        )
        self.disagreed = Counter(
            "topics_shadow_disagreed",
            "Headlines on which the shadow disagrees with the default model, by reason.",
            ("reason",),
            registry=registry,
        )
        for reason in get_args(Difference):
            self.disagreed.labels(reason)
        self.dropped = Counter(
            "topics_shadow_dropped",
            "Headlines that the shadow skipped because its queue was full or the text was too long.",
            registry=registry,
        )
        self.failed = Counter("topics_shadow_failed", "Headlines on which the shadow failed.", registry=registry)
        self.confidence = BatchHistogram(
            "topics_shadow_confidence",
            "The shadow's probability of its most probable topic.",
            buckets=SHARES,
            registry=registry,
        )

    def compared(self, results: Sequence[Classification], differences: Sequence[Difference | None]) -> None:
        """Count the shadow's results, and how each differs from that of the default model; None: they agree."""
        self.headlines.inc(len(results))
        for difference, number in Tally(differences).items():
            (self.agreed if difference is None else self.disagreed.labels(difference)).inc(number)
        self.confidence.observe_many([result.probabilities[0] for result in results if result.probabilities])


def comparison(registry: CollectorRegistry) -> Comparison:
    """The comparison so far, from a registry of one process or of all workers."""
    # Without the restriction, each call would collect thousands of samples: those of all routes and topics.
    restricted = registry.restricted_registry([_HEADLINES, _AGREED, _DISAGREED])
    samples = [sample for family in restricted.collect() for sample in family.samples]
    counts = {(sample.name, sample.labels.get("reason")): int(sample.value) for sample in samples}
    return Comparison(
        counts.get((_HEADLINES, None), 0),
        counts.get((_AGREED, None), 0),
        {reason: counts.get((_DISAGREED, reason), 0) for reason in get_args(Difference)},
    )
