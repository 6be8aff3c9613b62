"""POST /predict and POST /predict/batch."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request

from app.api.bytes_route import BytesRoute
from app.api.errors import (
    BatchTooLargeError,
    BodyTooLargeError,
    DeadlineError,
    MediaTypeError,
    NotJsonError,
    NotReadyError,
    OverloadedError,
    SlowRequestError,
)
from app.api.problems import responses
from app.api.schemas import BatchAnswer, BatchQuery, PredictAnswer, PredictQuery, queries
from app.api.service import Service
from app.classifier import explain

_ERRORS: tuple[type[Exception], ...] = (
    NotJsonError,
    SlowRequestError,
    BodyTooLargeError,
    MediaTypeError,
    ValidationError,
    NotReadyError,
    OverloadedError,
    DeadlineError,
)


def predict_routes(service: Service) -> list[BytesRoute]:
    """The two routes, with the operator's limits in them."""
    settings = service.settings
    predict_query, batch_query = queries(settings)

    async def predict(query: PredictQuery, request: Request) -> bytes:
        """Classify one headline."""
        classifier, answers = service.ready()
        with service.work.admitted(1):
            [one] = classifier.classify([query.headline], query.top_k)
            explanation = explain(classifier, query.headline, query.explain_topic) if query.explain else None
            return answers.single(one, explanation)

    async def predict_batch(query: BatchQuery, request: Request) -> bytes:
        """Classify many headlines; the answers come in their order."""
        classifier, answers = service.ready()
        headlines = query.headlines
        if len(headlines) > settings.max_batch:
            raise BatchTooLargeError(
                f"The batch has {len(headlines):,} headlines and may have {settings.max_batch:,}; send it in parts."
            )

        def classify(chunk: Sequence[str]) -> bytes:
            results = [answers.result(one) for one in classifier.classify(chunk, query.top_k)]
            return to_json(results)[1:-1]

        with service.work.admitted(len(headlines)):
            chunks = await service.work.in_turns(headlines, classify, request.receive, settings.deadline_seconds)
        return b'{"results":[%b],"model":%b}' % (b",".join(chunks), to_json(answers.model))

    limit = settings.max_body_bytes
    return [
        BytesRoute(
            "/predict",
            predict,
            query=predict_query,
            max_body_bytes=limit,
            response_model=PredictAnswer,
            responses=responses(*_ERRORS),
            tags=["predict"],
        ),
        BytesRoute(
            "/predict/batch",
            predict_batch,
            query=batch_query,
            max_body_bytes=limit,
            response_model=BatchAnswer,
            responses=responses(*_ERRORS, BatchTooLargeError),
            tags=["predict"],
        ),
    ]
