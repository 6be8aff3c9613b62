"""What one process serves with."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from app.api.answers import Answers
from app.api.errors import NotReadyError
from app.api.keys import Keys
from app.api.metrics import Metrics
from app.api.together import Classified, Together
from app.api.work import Work
from app.classifier import Classification, TopicClassifier
from app.settings import Settings

Phase = Literal["starting", "ready", "draining"]

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
        self.together = Together(self.classify, self.work)
        self.phase: Phase = "starting"
        self._keys = Keys(lambda: settings.keys) if settings.keys else None
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

    def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises UnauthorizedError if keys are set and none of them is in a request's headers."""
        if self._keys is not None:
            self._keys.authenticate(headers)

    def admit(self) -> None:
        """Raises OverloadedError if not even one more headline can be taken in, whatever a request's body holds."""
        self.work.check_room(1)

    def classify(self, texts: Sequence[str], top_k: int) -> Classified:
        """`TopicClassifier.classify` with a stopwatch, counted in the metrics."""
        classifier = self.model().classifier
        begun = time.perf_counter()
        encoded = classifier.encode(texts)
        between = time.perf_counter()
        results = classifier.rank(encoded, top_k)
        ended = time.perf_counter()
        self.metrics.classified(results)
        return Classified(results, between - begun, ended - between)


class Run:
    """The classifying that one request asks for; its size and times go into the ledger and Server-Timing."""

    def __init__(self, service: Service, request: Request, headlines: Sequence[str]) -> None:
        self._service = service
        self._scope = request.scope
        self._encoding = self._predicting = 0.0
        self._scope["headlines"] = headlines

    async def classify_one(self, text: str, top_k: int) -> Classification:
        """One text, together with those of other requests."""
        done = await self._service.together.classify(text, top_k)
        self._encoding, self._predicting = done.encoding, done.predicting
        return done.results[0]

    def classify(self, texts: Sequence[str], top_k: int) -> list[Classification]:
        """A chunk of a batch."""
        done = self._service.classify(texts, top_k)
        self._encoding += done.encoding
        self._predicting += done.predicting
        return done.results

    def finish(self) -> None:
        """All of it is done: say how long it took."""
        self._scope["inference"] = self._encoding + self._predicting
        timing = b"encode;dur=%.3f, predict;dur=%.3f" % (self._encoding * 1000, self._predicting * 1000)
        self._scope["answer_headers"] = [(b"server-timing", timing)]
