"""GET /topics and GET /model: what the model knows, and what is known of it."""

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request

from app.api.field_errors import refuse_query
from app.api.problems import responses
from app.api.schemas import ModelResponse, TopicSkill, TopicsResponse
from app.errors import NotReadyError, UnauthorizedError
from app.serving.service import Service


def model_info_router(service: Service) -> APIRouter:
    """Both routes."""
    router = APIRouter(
        tags=["model"],
        responses=responses(NotReadyError, UnauthorizedError, ValidationError),
        dependencies=[Depends(_no_query)],
    )

    @router.get("/topics")
    async def topics() -> TopicsResponse:
        """The topics, with the training support of each and the model's skill at it on held-out headlines."""
        classifier = service.classifier
        return TopicsResponse(
            topics=[TopicSkill(topic=one.code, **one.model_dump(exclude={"code"})) for one in classifier.topics]
        )

    @router.get("/model")
    async def model() -> ModelResponse:
        """What the bundle's manifest says."""
        classifier = service.classifier
        manifest = classifier.bundle.manifest.model_dump(exclude={"format", "topics", "files", "reference"})
        return ModelResponse(digest=classifier.bundle.digest, runtime=service.settings.runtime, **manifest)

    return router


async def _no_query(request: Request) -> None:
    refuse_query(request.scope)
