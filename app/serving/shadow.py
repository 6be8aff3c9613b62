"""Shadow model: classifies the headlines of the default model as well, for comparison only.

It works between requests on the event loop of the process, in slices as short as a single request. A thread would delay
answers longer, because it holds the interpreter's lock for up to 5 ms at a time.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from app.classifier import Classification, TopicClassifier
from app.telemetry.prometheus.shadow_metrics import Difference, ShadowMetrics

MAX_WAITING = 1_000
"""Maximum number of headlines in the queue; further ones are dropped and counted."""

MAX_CHARACTERS = 2_000
"""Longer texts are dropped and counted: one would take longer than a slice, and a thousand of them too much memory."""

SLICE_TEXTS = 16
SLICE_CHARACTERS = 2_000
"""A slice ends at either limit; it takes about 0.3 ms."""

PAUSE_PER_SECOND = 19.0
"""Seconds of pause for each second of work, so that the shadow takes at most a twentieth of the process's time."""

MIN_PAUSE = 0.001
"""Minimum pause between slices, in seconds; also the delay of the first slice, which lets the answer leave first."""

logger = logging.getLogger(__name__)


class Shadow:
    """A queue of headlines, and the classifier whose answers are compared with those of the default model."""

    def __init__(self, classifier: TopicClassifier, default: TopicClassifier, metrics: ShadowMetrics) -> None:
        """`default`: the default model, whose results are passed to `offer`."""
        self.classifier = classifier
        self._default = default
        self._metrics = metrics
        metrics.models_loaded(default, classifier)
        self._waiting: deque[tuple[str, frozenset[str] | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._has_failed = False

    def offer(self, texts: Sequence[str], results: Sequence[Classification]) -> None:
        """Queue classified texts, as many as fit."""
        dropped = 0
        for text, result in zip(texts, results, strict=True):
            if len(self._waiting) < MAX_WAITING and len(text) <= MAX_CHARACTERS:
                self._waiting.append((text, _answer(self._default, result)))
            else:
                dropped += 1
        if dropped:
            self._metrics.dropped(dropped)
        if self._timer is None and self._waiting:
            self._timer = asyncio.get_running_loop().call_later(MIN_PAUSE, self._work)

    def _work(self) -> None:
        """Classify a slice, and return later for the rest."""
        self._timer = None
        texts, answers = self._take()
        begun = time.perf_counter()
        try:
            results = self.classifier.classify(texts, 1)
            differences = [
                _difference(answer, _answer(self.classifier, result))
                for result, answer in zip(results, answers, strict=True)
            ]
            self._metrics.compared(results, differences)
        except Exception as error:  # a shadow must not stop the service
            self._metrics.failed(len(texts))
            if not self._has_failed:  # the message could contain a text
                logger.error("the shadow model failed (%s); topics_shadow_failed_total counts", type(error).__name__)  # noqa: TRY400
            self._has_failed = True
        if self._waiting:
            pause = max(MIN_PAUSE, PAUSE_PER_SECOND * (time.perf_counter() - begun))
            self._timer = asyncio.get_running_loop().call_later(pause, self._work)

    def _take(self) -> tuple[list[str], list[frozenset[str] | None]]:
        texts: list[str] = []
        answers: list[frozenset[str] | None] = []
        characters = 0
        while self._waiting and len(texts) < SLICE_TEXTS and characters < SLICE_CHARACTERS:
            text, answer = self._waiting.popleft()
            texts.append(text)
            answers.append(answer)
            characters += len(text)
        return texts, answers


def _answer(classifier: TopicClassifier, result: Classification) -> frozenset[str] | None:
    """What two models have to agree on: the codes of the labels given; None if no topic fits or no word is known.

    A low confidence makes no difference, because its limit is a setting of the service.
    """
    if not result.labels or result.abstained == "outside":
        return None
    return frozenset(classifier.topics[label].code for label in classifier.predicted_labels(result))


def _difference(default: frozenset[str] | None, shadow: frozenset[str] | None) -> Difference | None:
    """How the answers of two models differ; None if they agree."""
    if default == shadow:
        return None
    if default is None:
        return "shadow_only"
    return "default_only" if shadow is None else "topic"
