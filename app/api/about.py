"""GET /topics and GET /model: what the model knows, and what is known of it."""

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request

from app.api.errors import NotReadyError, UnauthorizedError
from app.api.fields import refuse_query
from app.api.problems import responses
from app.api.schemas import ModelAnswer, TopicsAnswer, TopicSkill
from app.api.service import Service


def about_router(service: Service) -> APIRouter:
    """Both routes."""
    router = APIRouter(
        tags=["model"],
        responses=responses(NotReadyError, UnauthorizedError, ValidationError),
        dependencies=[Depends(_no_query)],
    )

    @router.get("/topics")
    async def topics() -> TopicsAnswer:
        """The topics, with the training support of each and the model's skill at it on held-out headlines."""
        classifier = service.model().classifier
        return TopicsAnswer(
            topics=[TopicSkill(topic=one.code, **one.model_dump(exclude={"code"})) for one in classifier.topics]
        )

    @router.get("/model")
    async def model() -> ModelAnswer:
        """What the bundle's manifest says."""
        classifier = service.model().classifier
        manifest = classifier.bundle.manifest.model_dump(exclude={"format", "topics", "files", "reference"})
        return ModelAnswer(digest=classifier.bundle.digest, runtime=service.settings.runtime, **manifest)

    return router


async def _no_query(request: Request) -> None:
    refuse_query(request.scope)
