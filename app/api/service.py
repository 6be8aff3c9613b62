"""What one process serves with."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from app.api.answers import Answers
from app.api.errors import NotReadyError
from app.api.metrics import Metrics
from app.api.work import Work
from app.classifier import Classification, TopicClassifier
from app.settings import Settings

Phase = Literal["starting", "ready", "draining"]
Classify = Callable[[Sequence[str], int], list[Classification]]

CHECK_SECONDS = 1.0
"""Golden headlines are asked again at most this often, however often probes come."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model and the writer of its answers."""

    classifier: TopicClassifier
    answers: Answers


class Service:
    """The settings, the model once it has loaded, the work in hand, and whether more is wanted."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.work = Work(settings.max_in_flight, self.metrics.in_flight)
        self.phase: Phase = "starting"
        self._model: Model | None = None
        self._checked_at = 0.0

    def start(self, classifier: TopicClassifier) -> None:
        """Begin to serve with a classifier, which has answered its golden headlines to be made at all."""
        self._model = Model(classifier, Answers(classifier))
        self.metrics.serving(classifier)
        self.phase = "ready"

    def model(self) -> Model:
        """The model; raises NotReadyError until it has loaded."""
        if self._model is None:
            raise NotReadyError("The model has not loaded yet; try again in a second.")
        return self._model

    def check(self) -> None:
        """Whether new work is wanted.

        Raises:
            NotReadyError: still starting, or draining.
            BundleError: the model no longer answers its golden headlines as it did in training.
        """
        model = self.model()
        if self.phase == "draining":
            raise NotReadyError("This process is going away; ask another one.")
        now = time.monotonic()
        if now - self._checked_at >= CHECK_SECONDS:
            model.classifier.check()
            self._checked_at = now

    @contextmanager
    def observed(self, request: Request, headlines: Sequence[str]) -> Iterator[Classify]:
        """The model's `classify` for one request, whose size and times go into metrics, log and Server-Timing."""
        classifier = self.model().classifier
        encoding = predicting = 0.0

        def classify(texts: Sequence[str], top_k: int) -> list[Classification]:
            nonlocal encoding, predicting
            begun = time.perf_counter()
            encoded = classifier.encode(texts)
            between = time.perf_counter()
            results = classifier.rank(encoded, top_k)
            predicting += time.perf_counter() - between
            encoding += between - begun
            self.metrics.classified(results)
            return results

        request.scope["headlines"] = headlines
        self.metrics.batch_size.observe(len(headlines))
        yield classify
        self.metrics.inference.observe(encoding + predicting)
        timing = b"encode;dur=%.3f, predict;dur=%.3f" % (encoding * 1000, predicting * 1000)
        request.scope["answer_headers"] = [(b"server-timing", timing)]
