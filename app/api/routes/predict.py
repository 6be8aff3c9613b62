"""POST /predict and POST /predict/batch."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.types import Receive

from app.api.field_errors import wrong_field
from app.api.headers import REQUEST_ID
from app.api.model_parameter import MODEL_PARAMETER
from app.api.problems import responses
from app.api.raw_route import Handler, RawRoute
from app.api.routes.batch import classify_batch
from app.api.routes.request_timeout import REQUEST_TIMEOUT, deadline
from app.api.schemas import (
    BatchRequest,
    BatchResponse,
    PredictRequest,
    PredictResponse,
    limited_batch_request,
    limited_predict_request,
)
from app.api.serialization import ResponseSerializer
from app.classifier import Classification, Explainer, Explanation, TextTooLongError, UnknownTopicError
from app.errors import (
    BatchTooLargeError,
    BodyTooLargeError,
    DeadlineError,
    HeaderError,
    MediaTypeError,
    NotJsonError,
    NotReadyError,
    OverloadedError,
    SlowRequestError,
    UnauthorizedError,
    UnknownModelError,
)
from app.serving.concurrency import UNIT_CHARACTERS, weight
from app.serving.deadline import Deadline
from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.telemetry.request_context import RequestContext

ERRORS: tuple[type[Exception], ...] = (
    NotJsonError,
    UnauthorizedError,
    SlowRequestError,
    BodyTooLargeError,
    MediaTypeError,
    UnknownModelError,
    NotReadyError,
    OverloadedError,
    DeadlineError,
)


async def predict(  # noqa: PLR0917 - a RawRoute passes its arguments by position
    service: Service,
    served: ServedModel,
    serializer: ResponseSerializer,
    body: PredictRequest,
    context: RequestContext,
    receive: Receive,
) -> bytes:
    """Returns the most probable topics of one headline or longer text, most probable first."""
    due = deadline(context, service.settings.deadline_seconds)
    if body.explain_topic is not None and not body.explain:
        raise wrong_field("explain_topic", "requires explain to be true")
    context.headlines = [body.headline]
    try:
        done = await served.batcher.classify(body.headline, body.top_k, due)
    except OverloadedError:
        context.headlines = ()  # not admitted
        raise
    explanation = None
    if body.explain:
        explanation = await _explain(service, served, body, done.results[0], receive, due)
    context.inference_seconds = done.encoding, done.predicting
    due.raise_if_expired()  # the deadline does not interrupt a micro-batch
    return serializer.single(done.results[0], explanation)


async def _explain(  # noqa: PLR0917
    service: Service,
    served: ServedModel,
    body: PredictRequest,
    answer: Classification,
    receive: Receive,
    due: Deadline,
) -> Explanation:
    def locate_words(text: str) -> Explainer:
        return Explainer(served.classifier, text, answer, body.explain_topic)

    turns = service.limiter.run_in_turns
    with service.limiter.held(weight([body.headline])):
        long = len(body.headline) > UNIT_CHARACTERS
        [explainer] = await turns([body.headline], locate_words, receive, due, long=long)
    with service.limiter.held(explainer.variant_count):
        return explainer.explanation(await turns(explainer.parts, explainer.effects, receive, due))


async def predict_batch(  # noqa: PLR0917
    service: Service,
    served: ServedModel,
    serializer: ResponseSerializer,
    body: BatchRequest,
    context: RequestContext,
    receive: Receive,
) -> bytes:
    """Returns one result for each headline, in the same order."""
    parts = await classify_batch(
        service, served, context, receive, body.headlines, top_k=body.top_k, write=serializer.part
    )
    return serializer.batch(parts)


def _handler_of(
    service: Service, endpoint: Callable[..., Awaitable[bytes]], limited: Callable[..., type[BaseModel]]
) -> Callable[[str | None], Handler]:
    """The `handler` of a RawRoute: binds an endpoint to a model; `limited`: makes the schema of its body."""

    def handler(name: str | None) -> Handler:
        served = service.model(name)
        body = limited(service.settings, served.classifier.topics)
        respond = partial(endpoint, service, served, ResponseSerializer(served.classifier))
        return Handler(body.__pydantic_validator__.validate_json, respond)

    return handler


def predict_routes(service: Service) -> list[RawRoute]:
    """Both prediction routes, with the limits of the settings in their request models."""
    common: dict[str, Any] = {
        "max_body_bytes": service.settings.max_body_bytes,
        "turns": service.parse_turns,
        "openapi_extra": {"parameters": [MODEL_PARAMETER, REQUEST_TIMEOUT, REQUEST_ID]},
        "tags": ["prediction"],
    }
    return [
        RawRoute(
            "/predict",
            predict,
            model=limited_predict_request(service.settings),
            handler=_handler_of(service, predict, limited_predict_request),
            admit=service.limiter.admit,
            elsewhere=dict.fromkeys(BatchRequest.model_fields.keys() - PredictRequest.model_fields, "/predict/batch"),
            response_model=PredictResponse,
            responses=responses(*ERRORS, ValidationError, HeaderError, UnknownTopicError, TextTooLongError),
            operation_id="predict",
            summary="Classify one headline",
            **common,
        ),
        RawRoute(
            "/predict/batch",
            predict_batch,
            model=limited_batch_request(service.settings),
            handler=_handler_of(service, predict_batch, limited_batch_request),
            admit=service.limiter.admit_batch,
            elsewhere=dict.fromkeys(PredictRequest.model_fields.keys() - BatchRequest.model_fields, "/predict"),
            response_model=BatchResponse,
            responses=responses(*ERRORS, ValidationError, HeaderError, BatchTooLargeError),
            operation_id="predictBatch",
            summary="Classify many headlines",
            **common,
        ),
    ]
