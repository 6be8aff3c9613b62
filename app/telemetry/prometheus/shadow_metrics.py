"""Metrics of the shadow model: how often it agrees with the default model, and how confident it is."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter

from app.classifier import Classification, TopicClassifier
from app.telemetry.prometheus.histogram import BatchHistogram
from app.telemetry.prometheus.model_info import ModelInfo
from app.telemetry.prometheus.model_metrics import SHARES

Difference = Literal["topic", "default_only", "shadow_only"]
"""Both models give a topic, but not the same; only the default model gives one; or only the shadow does."""

_HEADLINES, _AGREED, _DISAGREED = (f"topics_shadow_{name}_total" for name in ("headlines", "agreed", "disagreed"))


class Pair(NamedTuple):
    """Default model and shadow that are compared, each as NAME/VERSION."""

    model: str
    shadow: str


class Comparison(NamedTuple):
    """Headlines that the shadow has classified, on how many of them it agrees with the default model, and why not."""

    headlines: int
    agreed: int
    disagreed: Mapping[str, int]
    """Number of headlines by `Difference`."""


class ShadowMetrics:
    """All metrics of the shadow.

    Files of workers keep their counts when SIGHUP replaces a bundle. So all have both models as labels; otherwise the
    agreement of a new shadow would contain that of the one before.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.info = ModelInfo("topics_shadow_info", "1 for the shadow model that is loaded.", registry)
        self.pair: Pair | None = None
        """The models that are compared now; None without a shadow."""
        self._headlines = Counter(
            "topics_shadow_headlines", "Headlines that the shadow classified.", Pair._fields, registry=registry
        )
        self._agreed = Counter(
            "topics_shadow_agreed",
            "Headlines on which the shadow agrees with the default model.",
            Pair._fields,
            registry=registry,
        )
        self._disagreed = Counter(
            "topics_shadow_disagreed",
            "Headlines on which the shadow disagrees with the default model, by reason.",
            (*Pair._fields, "reason"),
            registry=registry,
        )
        self._dropped = Counter(
            "topics_shadow_dropped",
            "Headlines that the shadow skipped because its queue was full or the text was too long.",
            Pair._fields,
            registry=registry,
        )
        self._failed = Counter(
            "topics_shadow_failed", "Headlines on which the shadow failed.", Pair._fields, registry=registry
        )
        self._confidence = BatchHistogram(
            "topics_shadow_confidence",
            "The shadow's probability of its most probable topic.",
            Pair._fields,
            buckets=SHARES,
            registry=registry,
        )

    def models_loaded(self, default: TopicClassifier, shadow: TopicClassifier) -> None:
        """Called when the models have been loaded: what is counted from now on is about these two."""
        self.info.set([shadow])
        self.pair = Pair(default.bundle.manifest.full_name, shadow.bundle.manifest.full_name)
        for metric in (self._headlines, self._agreed, self._dropped, self._failed, self._confidence):
            metric.labels(*self.pair)  # 0 until there is something to count
        for reason in get_args(Difference):
            self._disagreed.labels(*self.pair, reason)

    def compared(self, results: Sequence[Classification], differences: Sequence[Difference | None]) -> None:
        """Count the shadow's results, and how each differs from that of the default model; None: they agree."""
        assert self.pair is not None
        self._headlines.labels(*self.pair).inc(len(results))
        for difference, number in Tally(differences).items():
            if difference is None:
                self._agreed.labels(*self.pair).inc(number)
            else:
                self._disagreed.labels(*self.pair, difference).inc(number)
        confidence = [result.probabilities[0] for result in results if result.probabilities]
        self._confidence.labels(*self.pair).observe_many(confidence)

    def dropped(self, headlines: int) -> None:
        """Count headlines that the shadow skipped."""
        assert self.pair is not None
        self._dropped.labels(*self.pair).inc(headlines)

    def failed(self, headlines: int) -> None:
        """Count headlines on which the shadow failed."""
        assert self.pair is not None
        self._failed.labels(*self.pair).inc(headlines)


def comparison(registry: CollectorRegistry, pair: Pair | None) -> Comparison:
    """The comparison of two models so far, from a registry of one process or of all workers."""
    # Without the restriction, each call would collect thousands of samples: those of all routes and topics.
    restricted = registry.restricted_registry([_HEADLINES, _AGREED, _DISAGREED])
    samples = [
        sample
        for family in restricted.collect()
        for sample in family.samples
        if (sample.labels.get("model"), sample.labels.get("shadow")) == pair
    ]
    counts = {(sample.name, sample.labels.get("reason")): int(sample.value) for sample in samples}
    return Comparison(
        counts.get((_HEADLINES, None), 0),
        counts.get((_AGREED, None), 0),
        {reason: counts.get((_DISAGREED, reason), 0) for reason in get_args(Difference)},
    )
