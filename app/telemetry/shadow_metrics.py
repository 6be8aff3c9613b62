"""Metrics of the shadow model: how often it agrees with the model in service, and how confident it is."""

from collections.abc import Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter

from app.classifier import Classification, TopicClassifier
from app.telemetry.histogram import BatchHistogram
from app.telemetry.model_metrics import SHARES
from app.telemetry.process import ModelInfo


class Comparison(NamedTuple):
    """Headlines that the shadow has classified, and on how many of them it agrees with the model in service."""

    headlines: int
    agreed: int


class ShadowMetrics:
    """All metrics of the shadow; 0 in a service without one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.info = ModelInfo("topics_shadow_info", "1 for the shadow model that is loaded.", registry)
        self.headlines = Counter("topics_shadow_headlines", "Headlines that the shadow classified.", registry=registry)
        self.agreed = Counter(
            "topics_shadow_agreed", "Headlines on which it agrees with the model in service.", registry=registry
        )
        self.dropped = Counter(
            "topics_shadow_dropped", "Headlines that it left out, because it was behind.", registry=registry
        )
        self.failed = Counter("topics_shadow_failed", "Headlines on which it failed.", registry=registry)
        self.confidence = BatchHistogram(
            "topics_shadow_confidence",
            "The shadow's probability of its most probable topic.",
            buckets=SHARES,
            registry=registry,
        )

    def loaded(self, classifier: TopicClassifier) -> None:
        """Called when a shadow has been loaded."""
        self.info.set([classifier])

    def compared(self, results: Sequence[Classification], agreed: int) -> None:
        """Count the shadow's results, `agreed` of which are those of the model in service."""
        self.headlines.inc(len(results))
        self.agreed.inc(agreed)
        self.confidence.observe_many([one.probabilities[0] for one in results if one.probabilities])


def comparison(registry: CollectorRegistry) -> Comparison:
    """The comparison so far, from a registry of one process or of all workers."""
    read = registry.get_sample_value
    return Comparison(int(read("topics_shadow_headlines_total") or 0), int(read("topics_shadow_agreed_total") or 0))
