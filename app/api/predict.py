"""POST /predict and POST /predict/batch."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from app.api.bytes_route import BytesRoute
from app.api.deadline import PARAMETER, deadline
from app.api.errors import (
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
from app.api.fields import wrong_field
from app.api.problems import responses
from app.api.schemas import BatchAnswer, BatchQuery, PredictAnswer, PredictQuery, queries
from app.api.service import Run, Service
from app.api.work import chunks, weight
from app.classifier import Classification, Explainer

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


def check_size(service: Service, headlines: int) -> None:
    """Raises BatchTooLargeError if there are more headlines than an operator allows in one batch."""
    if headlines > service.settings.max_batch:
        raise BatchTooLargeError(
            f"The batch has {headlines:,} headlines and may have {service.settings.max_batch:,}; send it in parts."
        )


async def classify_batch(
    service: Service, request: Request, headlines: Sequence[str], top_k: int, write: Callable[[list[Classification]], T]
) -> list[T]:
    """Classify a request's headlines, giving way to others after each chunk; `write` makes the answer's part of it.

    Raises:
        BatchTooLargeError: there are more than an operator allows.
        OverloadedError, DeadlineError, ClientGoneError: as `Work` says.
    """
    check_size(service, len(headlines))
    due = deadline(request, service.settings.deadline_seconds)
    with service.work.held(weight(headlines)):
        run = Run(service, request, headlines)
        parts = await service.work.in_turns(
            chunks(headlines), lambda chunk: write(run.classify(chunk, top_k)), request.receive, due
        )
        run.finish()
    return parts


def predict_routes(service: Service) -> list[BytesRoute]:
    """The two routes, with the operator's limits in them."""
    settings = service.settings
    predict_query, batch_query = queries(settings)

    async def predict(query: PredictQuery, request: Request) -> bytes:
        """Classify one headline."""
        model = service.model()
        due = deadline(request, settings.deadline_seconds)
        if query.explain_topic is not None and not query.explain:
            raise wrong_field("explain_topic", "it needs explain to be true")
        run = Run(service, request, [query.headline])
        result = await run.classify_one(query.headline, query.top_k)
        explanation = None
        if query.explain:
            explainer = Explainer(model.classifier, query.headline, query.explain_topic)
            with service.work.held(explainer.variants):
                effects = await service.work.in_turns(explainer.pieces, explainer.effects, request.receive, due)
            explanation = explainer.explanation(effects)
        run.finish()
        due.check()
        return model.answers.single(result, explanation)

    async def predict_batch(query: BatchQuery, request: Request) -> bytes:
        """Classify many headlines; the answers come in their order."""
        answers = service.model().answers
        return answers.batch(await classify_batch(service, request, query.headlines, query.top_k, answers.part))

    return [
        BytesRoute(
            path,
            endpoint,
            query=query,
            max_body_bytes=settings.max_body_bytes,
            admit=service.admit,
            response_model=answer,
            responses=responses(*ERRORS, *more),
            openapi_extra={"parameters": [PARAMETER]},
            tags=["predict"],
        )
        for path, endpoint, query, answer, more in (
            ("/predict", predict, predict_query, PredictAnswer, ()),
            ("/predict/batch", predict_batch, batch_query, BatchAnswer, (BatchTooLargeError,)),
        )
    ]
