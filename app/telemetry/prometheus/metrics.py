"""Prometheus metrics of one process. With several workers each writes files: see multiprocess.py."""

import asyncio
import os
from collections import Counter as Tally
from collections.abc import Sequence
from itertools import chain

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, values

from app.classifier import TopicClassifier
from app.telemetry.drift import Drift
from app.telemetry.log_streams.standard_streams import dropped_lines
from app.telemetry.prometheus import MULTIPROC_DIR
from app.telemetry.prometheus.histogram import BatchHistogram
from app.telemetry.prometheus.metrics_file import MetricsFile
from app.telemetry.prometheus.model_info import ModelInfo
from app.telemetry.prometheus.model_metrics import SHARES, Counted, ModelFamilies, ModelMetrics
from app.telemetry.prometheus.multiprocess import COUNT_SECONDS, DRIFT, WithDrift, all_workers
from app.telemetry.prometheus.process import ProcessGauges
from app.telemetry.prometheus.shadow_metrics import Comparison, ShadowMetrics, comparison
from app.telemetry.prometheus.single_flight import SingleFlight
from app.telemetry.request_context import RequestContext

DRIFT_SECONDS = 1.0
"""Minimum time between two measurements of drift: scrapes are not more frequent, and one takes up to a millisecond."""

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_INFERENCE = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """All metrics of one process; each app has its own registry, so tests can create many apps."""

    def __init__(self) -> None:
        # prometheus_client looks this name up whenever a metric opens its file, so it is set before the first one.
        values.MmapedDict = MetricsFile  # type: ignore[assignment, attr-defined]
        self.registry = registry = CollectorRegistry()
        request = ("route", "method", "status")
        self.requests = Counter("http_requests", "Requests answered.", request, registry=registry)
        self.durations = BatchHistogram(
            "http_request_duration_seconds",
            "Seconds from the complete request headers to the end of the response.",
            request,
            buckets=_SECONDS,
            registry=registry,
        )
        self.headlines = Counter("topics_headlines", "Headlines classified.", registry=registry)
        self.inference = BatchHistogram(
            "topics_inference_seconds",
            "Seconds in the classifier per request; explanations not included.",
            buckets=_INFERENCE,
            registry=registry,
        )
        self.batch_size = BatchHistogram(
            "topics_batch_size", "Headlines per request.", buckets=_SIZES, registry=registry
        )
        self.in_flight = Gauge(
            "topics_in_flight",
            "Headlines in flight: batches, explanations and queued single requests.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.rejected = Counter(
            "topics_rejected", "Requests refused or abandoned, by reason.", ("reason",), registry=registry
        )
        self.predictions = Counter(
            "topics_predictions",
            "Headlines by most probable topic, or by each label given.",
            ("topic",),
            registry=registry,
        )
        self.confidence = BatchHistogram(
            "topics_confidence", "Probability of the most probable topic.", buckets=SHARES, registry=registry
        )
        self.unknown_words = BatchHistogram(
            "topics_unknown_word_ratio",
            "Share of a headline's words never seen in training.",
            buckets=SHARES,
            registry=registry,
        )
        self.outside = BatchHistogram(
            "topics_outside",
            "Probability that a headline is about none of the topics.",
            buckets=SHARES,
            registry=registry,
        )
        self.abstained = Counter(
            "topics_abstained", "Headlines with abstained set, by reason.", ("reason",), registry=registry
        )
        self.lines_dropped = Counter(
            "topics_log_lines_dropped", "Log lines dropped because stdout could not take them.", registry=registry
        )
        self.info = ModelInfo("topics_model_info", "1 for each model that is loaded.", registry)
        self.process = ProcessGauges(registry)
        self.shadow = ShadowMetrics(registry)
        self._families = ModelFamilies(registry)
        self._models: list[ModelMetrics] = []
        self._drift_gauges = [
            Gauge(name, text, ("part",), registry=registry, multiprocess_mode="livesum") for name, text in DRIFT.items()
        ]
        for gauge in self._drift_gauges:
            for part in ("headlines", "weighted"):
                gauge.labels(part).set(0)
        self._requests: dict[tuple[str, str, int], tuple[Counter, BatchHistogram]] = {}
        self._topics: list[Counter] = []
        self._multi_label = False
        self._drift: Drift | None = None
        self._drift_timer: asyncio.TimerHandle | None = None
        self._contexts: list[RequestContext] = []
        self._timer: asyncio.TimerHandle | None = None
        self._lines_dropped = dropped_lines()
        self._exposition = SingleFlight(self._render)
        self._comparison = SingleFlight(self._compare)

    def models_loaded(self, classifiers: Sequence[TopicClassifier]) -> list[ModelMetrics]:
        """Called when the models have been loaded; returns the metrics of each.

        Metrics without a label `model`, and drift, are those of the first, the default model.
        """
        default = classifiers[0].bundle.manifest
        self._topics = [self.predictions.labels(topic.code) for topic in default.topics]
        self._multi_label = default.multi_label is not None
        self._drift = Drift(default)
        self.info.set(classifiers)
        self._models = []
        for classifier in classifiers:
            count_more = self._count_other if self._models else self._count_default
            self._models.append(ModelMetrics(classifier.bundle.manifest.full_name, self._families, count_more))
        return self._models

    def add_requests(self, contexts: Sequence[RequestContext]) -> None:
        """Count answered requests, within COUNT_SECONDS."""
        self._contexts += contexts
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COUNT_SECONDS, self.update)

    def update(self) -> None:
        """Update the metrics now; otherwise they are up to COUNT_SECONDS behind."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        contexts, self._contexts = self._contexts, []
        self._count_requests(contexts)
        dropped = dropped_lines()
        if dropped > self._lines_dropped:
            self.lines_dropped.inc(dropped - self._lines_dropped)
            self._lines_dropped = dropped
        for model in self._models:
            model.count()

    def _count_requests(self, contexts: Sequence[RequestContext]) -> None:
        durations: dict[tuple[str, str, int], list[float]] = {}
        for context in contexts:
            durations.setdefault((context.route, context.method, context.status), []).append(context.seconds)
        for key, seconds in durations.items():
            children = self._requests.get(key)
            if children is None:
                children = self._requests[key] = (self.requests.labels(*key), self.durations.labels(*key))
            children[0].inc(len(seconds))
            children[1].observe_many(seconds)
        self.batch_size.observe_many([len(context.headlines) for context in contexts if context.headlines])
        timed = [context.inference_seconds for context in contexts if context.inference_seconds]
        self.inference.observe_many([encoding + predicting for encoding, predicting in timed])

    def _count_other(self, counted: Counted) -> None:
        self.headlines.inc(len(counted.results))

    def _count_default(self, counted: Counted) -> None:
        results = counted.results
        self.headlines.inc(len(results))
        self.confidence.add(counted.confidence)
        for reason, count in counted.abstained.items():
            if reason:
                self.abstained.labels(reason).inc(count)
        self.unknown_words.observe_many([result.encoded.unknown_share for result in results])
        self.outside.observe_many([result.outside for result in results if result.outside is not None])
        if self._multi_label:
            labels = list(chain.from_iterable([result.topic_set for result in results]))
        else:
            labels = [result.labels[0] for result in results if result.labels]
        for label, count in Tally(labels).items():
            self._topics[label].inc(count)
        if self._drift:
            self._drift.add(results)
            if self._drift_timer is None:
                self._drift_timer = asyncio.get_running_loop().call_later(DRIFT_SECONDS, self._measure_drift)

    def _measure_drift(self) -> None:
        if self._drift is None or self._drift_timer is None:
            return
        self._drift_timer.cancel()
        self._drift_timer = None
        indices = (self._drift.topics(), self._drift.unknown_words(), self._drift.outside())
        for gauge, index in zip(self._drift_gauges, indices, strict=True):
            gauge.labels("weighted").set(index.psi * index.headlines if index else 0)
            gauge.labels("headlines").set(index.headlines if index else 0)

    async def shadow_comparison(self) -> Comparison:
        """How the shadow that is loaded compares with the default model so far, in all workers."""
        return await self._comparison.result()

    async def _compare(self) -> Comparison:
        if MULTIPROC_DIR in os.environ:
            return await asyncio.to_thread(lambda: comparison(all_workers(), self.shadow.pair))
        return comparison(self.registry, self.shadow.pair)

    async def exposition(self) -> bytes:
        """The metrics in the Prometheus text format, of all workers if there are several."""
        return await self._exposition.result()

    async def _render(self) -> bytes:
        self.update()
        # In a thread: thousands of samples take tens of milliseconds, in which no request would be answered. Not by
        # Starlette's run_in_threadpool, whose first use imports a module, which fails if no file can be opened.
        if MULTIPROC_DIR in os.environ:
            return await asyncio.to_thread(lambda: generate_latest(all_workers()))
        self._measure_drift()
        return await asyncio.to_thread(lambda: generate_latest(WithDrift(self.registry)))
