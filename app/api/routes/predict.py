"""POST /predict and POST /predict/batch."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request

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
from app.serving.classification_run import ClassificationRun
from app.serving.concurrency import chunks, weight
from app.serving.service import Service
from app.telemetry.request_context import context_of

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
            f"The batch has {headlines:,} headlines and may have {service.settings.max_batch:,}; send it in parts."
        )


async def classify_batch(
    service: Service, request: Request, headlines: Sequence[str], top_k: int, write: Callable[[list[Classification]], T]
) -> list[T]:
    """Classify headlines in chunks, yielding to the event loop between them; `write` serializes each chunk's results.

    Raises:
        BatchTooLargeError: more headlines than TOPICS_MAX_BATCH.
        OverloadedError, DeadlineError, ClientGoneError: see `InFlightLimiter`.
    """
    raise_if_batch_too_large(service, len(headlines))
    due = deadline(request, service.settings.deadline_seconds)
    with service.limiter.held(weight(headlines)):
        run = ClassificationRun(service, context_of(request.scope), headlines)
        parts = await service.limiter.run_in_turns(
            chunks(headlines), lambda chunk: write(run.classify(chunk, top_k)), request.receive, due
        )
        run.finish()
    return parts


def predict_routes(service: Service) -> list[RawRoute]:
    """Both prediction routes, with the limits of the settings in their request models."""
    settings = service.settings
    predict_model, batch_model = request_models(settings)

    @cache
    def serializer() -> ResponseSerializer:
        return ResponseSerializer(service.classifier)

    async def predict(body: PredictRequest, request: Request) -> bytes:
        """Returns the most probable topics of one headline or longer text, most probable first."""
        classifier = service.classifier
        due = deadline(request, settings.deadline_seconds)
        if body.explain_topic is not None and not body.explain:
            raise wrong_field("explain_topic", "requires explain to be true")
        run = ClassificationRun(service, context_of(request.scope), [body.headline])
        result = await run.classify_one(body.headline, body.top_k)
        explanation = None
        if body.explain:
            explainer = Explainer(classifier, body.headline, body.explain_topic)
            with service.limiter.held(explainer.variants):
                effects = await service.limiter.run_in_turns(explainer.pieces, explainer.effects, request.receive, due)
            explanation = explainer.explanation(effects)
        run.finish()
        due.raise_if_expired()
        return serializer().single(result, explanation)

    async def predict_batch(body: BatchRequest, request: Request) -> bytes:
        """Returns one result for each headline, in the same order."""
        write = serializer()
        return write.batch(await classify_batch(service, request, body.headlines, body.top_k, write.part))

    return [
        RawRoute(
            path,
            endpoint,
            model=model,
            max_body_bytes=settings.max_body_bytes,
            admit=service.limiter.raise_if_full,
            response_model=answer,
            responses=responses(*ERRORS, *more),
            openapi_extra={"parameters": [PARAMETER]},
            operation_id=operation_id,
            summary=summary,
            tags=["prediction"],
        )
        for path, operation_id, summary, endpoint, model, answer, more in (
            ("/predict", "predict", "Classify one headline", predict, predict_model, PredictResponse, ()),
            (
                "/predict/batch",
                "predictBatch",
                "Classify many headlines",
                predict_batch,
                batch_model,
                BatchResponse,
                (BatchTooLargeError,),
            ),
        )
    ]
