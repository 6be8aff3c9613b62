"""The classification work of one request, timed for its Server-Timing header and the metrics."""

from collections.abc import Sequence

from app.classifier import Classification
from app.serving.service import Service
from app.telemetry.request_context import RequestContext


class ClassificationRun:
    """Classifies a request's headlines and adds up the seconds."""

    def __init__(self, service: Service, context: RequestContext, headlines: Sequence[str]) -> None:
        self._service = service
        self._context = context
        self._encoding = self._predicting = 0.0
        context.headlines = headlines

    async def classify_one(self, text: str, top_k: int) -> Classification:
        """One text, micro-batched with those of other requests."""
        done = await self._service.batcher.classify(text, top_k)
        self._encoding, self._predicting = done.encoding, done.predicting
        return done.results[0]

    def classify(self, texts: Sequence[str], top_k: int) -> list[Classification]:
        """A chunk of a batch."""
        done = self._service.classify(texts, top_k)
        self._encoding += done.encoding
        self._predicting += done.predicting
        return done.results

    def finish(self) -> None:
        """All of it is done: record how long it took."""
        self._context.inference_seconds = self._encoding + self._predicting
        timing = b"encode;dur=%.3f, predict;dur=%.3f" % (self._encoding * 1000, self._predicting * 1000)
        self._context.response_headers.append((b"server-timing", timing))
