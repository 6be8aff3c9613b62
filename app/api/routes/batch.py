"""Batch classification for POST /predict/batch and the infer routes of /v2: limits, deadline, chunks, timing."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.types import Receive

from app.api.routes.request_timeout import deadline
from app.classifier import Classification
from app.errors import BatchTooLargeError
from app.serving.chunks import CHUNK_CHARACTERS, chunks
from app.serving.concurrency import weight
from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.telemetry.request_context import RequestContext

MAX_BATCH_TOPICS = 500_000
"""Maximum number of topics in the answer to a batch: 1,000 texts with 500 topics each, or fewer texts with more. One
takes about 75 bytes, and twice as many while the answer is put together."""

LONG_CHARACTERS = CHUNK_CHARACTERS // 2
"""A batch of more characters waits for its turn, even if it is one chunk; 100 headlines have about 6,500."""

T = TypeVar("T")


def raise_if_batch_too_large(
    service: Service, headlines: int, top_k: int, error: type[BatchTooLargeError] = BatchTooLargeError
) -> None:
    """Raises `error` if a batch has more headlines than TOPICS_MAX_BATCH, or its answer more than MAX_BATCH_TOPICS."""
    if headlines > service.settings.max_batch:
        raise error(
            f"must have at most {service.settings.max_batch:,} texts, but has {headlines:,}; send them in parts."
        )
    if headlines * top_k > MAX_BATCH_TOPICS:
        raise error(
            f"must have at most {MAX_BATCH_TOPICS // top_k:,} texts with {top_k:,} topics each, but has {headlines:,};"
            " send them in parts."
        )


async def classify_batch(
    service: Service,
    served: ServedModel,
    context: RequestContext,
    receive: Receive,
    headlines: Sequence[str],
    *,
    top_k: int,
    write: Callable[[list[Classification]], T],
) -> list[T]:
    """Classify headlines with a model in chunks, yielding to the event loop between them.

    `write` serializes the results of each chunk.

    Raises:
        BatchTooLargeError: more headlines than TOPICS_MAX_BATCH, or more topics for all of them than MAX_BATCH_TOPICS.
        OverloadedError, DeadlineError, ClientGoneError: see `InFlightLimiter`.
    """
    raise_if_batch_too_large(service, len(headlines), top_k)
    due = deadline(context, service.settings.deadline_seconds)
    encoding = predicting = 0.0

    def classify(chunk: Sequence[str]) -> T:
        nonlocal encoding, predicting
        done = served.classify(chunk, top_k)
        encoding += done.encoding
        predicting += done.predicting
        return write(done.results)

    pieces = chunks(headlines, served.classifier.max_topics(top_k))
    with service.limiter.held(weight(headlines), context.content_length):
        context.headlines = headlines
        long = len(pieces) == 1 and sum(map(len, headlines)) > LONG_CHARACTERS
        parts = await service.limiter.run_in_turns(pieces, classify, receive, due, long=long)
    context.inference_seconds = encoding, predicting
    return parts
