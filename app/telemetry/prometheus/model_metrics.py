"""Metrics by model: number, confidence and abstentions of the headlines that each model in service classified."""

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter

from app.classifier import Abstention, Classification
from app.telemetry.prometheus.histogram import BatchHistogram, Observed

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Bounds of histograms of probabilities and shares."""

COUNT_AT_ONCE = 300
"""From this number of buffered headlines on, count at once. Counting batches of 100 one by one takes 2 to 4% of their
time more; the results of 20 ms would take 2 MB."""


class ModelFamilies:
    """The metric families with the label `model`, NAME/VERSION."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.headlines = Counter(
            "topics_model_headlines", "Headlines classified, by model.", ("model",), registry=registry
        )
        self.confidence = BatchHistogram(
            "topics_model_confidence",
            "Probability of the most probable topic, by model.",
            ("model",),
            buckets=SHARES,
            registry=registry,
        )
        self.abstained = Counter(
            "topics_model_abstained",
            "Headlines with abstained set, by model and reason.",
            ("model", "reason"),
            registry=registry,
        )


class Counted(NamedTuple):
    """Classified headlines, with what is counted both by model and for the default model."""

    results: Sequence[Classification]
    confidence: Observed
    abstained: Mapping[Abstention | None, int]
    """Number of headlines by `Classification.abstained`."""


class ModelMetrics:
    """Buffers the results of one model until they are counted."""

    def __init__(self, model: str, families: ModelFamilies, count_more: Callable[[Counted], None]) -> None:
        """Prepare the metrics of a model.

        Args:
            model: NAME/VERSION.
            families: of the process.
            count_more: counts the same results in further metrics.
        """
        self._model = model
        self._headlines, self._confidence = families.headlines.labels(model), families.confidence.labels(model)
        self._abstained = families.abstained
        self._count_more = count_more
        self._waiting: list[Sequence[Classification]] = []
        self._number = 0

    def add(self, results: Sequence[Classification]) -> None:
        """Count classified headlines: at once if there are many, otherwise with the requests that sent them."""
        self._waiting.append(results)
        self._number += len(results)
        if self._number >= COUNT_AT_ONCE:
            self.count()

    def count(self) -> None:
        """Count the buffered results now."""
        if not self._number:
            return
        results = list(chain.from_iterable(self._waiting))
        self._waiting, self._number = [], 0
        confidence = self._confidence.tally([result.probabilities[0] for result in results if result.probabilities])
        abstained = Tally([result.abstained for result in results])
        self._headlines.inc(len(results))
        self._confidence.add(confidence)
        for reason, count in abstained.items():
            if reason:
                self._abstained.labels(self._model, reason).inc(count)
        self._count_more(Counted(results, confidence, abstained))
