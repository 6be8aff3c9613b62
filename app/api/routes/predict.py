"""POST /predict and POST /predict/batch."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from pydantic import ValidationError
from starlette.types import Receive

from app.api.field_errors import wrong_field
from app.api.problems import responses
from app.api.raw_route import RawRoute
from app.api.schemas import BatchRequest, BatchResponse, PredictRequest, PredictResponse, request_models
from app.api.serialization import ResponseSerializer
from app.api.timeout_header import PARAMETER, deadline
from app.classifier import Classification, Explainer
from app.errors import (
    BatchTooLargeError,
    BodyTooLargeError,
    DeadlineError,
    MediaTypeError,
    NotJsonError,
    NotReadyError,
    OverloadedError,
    SlowRequestError,
    UnauthorizedError,
)
from app.serving.concurrency import chunks, weight
from app.serving.service import Service
from app.telemetry.request_context import RequestContext

ERRORS: tuple[type[Exception], ...] = (
    NotJsonError,
    UnauthorizedError,
    SlowRequestError,
    BodyTooLargeError,
    MediaTypeError,
    ValidationError,
    NotReadyError,
    OverloadedError,
    DeadlineError,
)

T = TypeVar("T")


def raise_if_batch_too_large(service: Service, headlines: int) -> None:
    """Raises BatchTooLargeError if a batch has more headlines than TOPICS_MAX_BATCH."""
    if headlines > service.settings.max_batch:
        raise BatchTooLargeError(
            f"The batch has {headlines:,} headlines (limit {service.settings.max_batch:,}); send it in parts."
        )


async def classify_batch(
    service: Service,
    context: RequestContext,
    receive: Receive,
    headlines: Sequence[str],
    *,
    top_k: int,
    write: Callable[[list[Classification]], T],
) -> list[T]:
    """Classify headlines in chunks, yielding to the event loop between them; `write` serializes each chunk's results.

    Raises:
        BatchTooLargeError: more headlines than TOPICS_MAX_BATCH.
        OverloadedError, DeadlineError, ClientGoneError: see `InFlightLimiter`.
    """
    raise_if_batch_too_large(service, len(headlines))
    due = deadline(context.headers, service.settings.deadline_seconds)
    encoding = predicting = 0.0

    def classify(chunk: Sequence[str]) -> T:
        nonlocal encoding, predicting
        done = service.classify(chunk, top_k)
        encoding += done.encoding
        predicting += done.predicting
        return write(done.results)

    with service.limiter.held(weight(headlines), context.content_length):
        context.headlines = headlines
        parts = await service.limiter.run_in_turns(chunks(headlines), classify, receive, due)
    context.inference_seconds = encoding, predicting
    return parts


def predict_routes(service: Service) -> list[RawRoute]:
    """Both prediction routes, with the limits of the settings in their request models."""
    settings = service.settings
    predict_model, batch_model = request_models(settings)

    @cache
    def serializer() -> ResponseSerializer:
        return ResponseSerializer(service.classifier)

    async def predict(body: PredictRequest, context: RequestContext, receive: Receive) -> bytes:
        """Returns the most probable topics of one headline or longer text, most probable first."""
        due = deadline(context.headers, settings.deadline_seconds)  # starts when the body has been parsed
        if body.explain_topic is not None and not body.explain:
            raise wrong_field("explain_topic", "requires explain to be true")
        context.headlines = [body.headline]
        try:
            done = await service.batcher.classify(body.headline, body.top_k)
        except OverloadedError:
            context.headlines = ()  # not admitted
            raise
        explanation = None
        if body.explain:
            explainer = Explainer(service.classifier, body.headline, body.explain_topic)
            with service.limiter.held(explainer.variants):
                effects = await service.limiter.run_in_turns(explainer.parts, explainer.effects, receive, due)
            explanation = explainer.explanation(effects)
        context.inference_seconds = done.encoding, done.predicting
        due.raise_if_expired()  # the deadline does not interrupt a micro-batch
        return serializer().single(done.results[0], explanation)

    async def predict_batch(body: BatchRequest, context: RequestContext, receive: Receive) -> bytes:
        """Returns one result for each headline, in the same order."""
        made = serializer()
        parts = await classify_batch(service, context, receive, body.headlines, top_k=body.top_k, write=made.part)
        return made.batch(parts)

    return [
        RawRoute(
            path,
            endpoint,
            model=model,
            max_body_bytes=settings.max_body_bytes,
            admit=admit,
            response_model=answer,
            responses=responses(*ERRORS, *more),
            openapi_extra={"parameters": [PARAMETER]},
            operation_id=operation_id,
            summary=summary,
            tags=["prediction"],
        )
        for path, operation_id, summary, endpoint, admit, model, answer, more in (
            (
                "/predict",
                "predict",
                "Classify one headline",
                predict,
                service.limiter.admit,
                predict_model,
                PredictResponse,
                (),
            ),
            (
                "/predict/batch",
                "predictBatch",
                "Classify many headlines",
                predict_batch,
                service.limiter.admit_batch,
                batch_model,
                BatchResponse,
                (BatchTooLargeError,),
            ),
        )
    ]
