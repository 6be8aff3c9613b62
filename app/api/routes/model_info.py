"""GET /topics and GET /model: the model's labels with their skill, and its manifest."""

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request

from app.api.field_errors import refuse_query
from app.api.problems import responses
from app.api.schemas import ModelResponse, OutsideSkill, TopicSkill, TopicsResponse
from app.errors import NotReadyError, UnauthorizedError
from app.serving.service import Service


def model_info_router(service: Service) -> APIRouter:
    """Routes that describe the loaded model."""
    router = APIRouter(
        tags=["model"],
        responses=responses(NotReadyError, UnauthorizedError, ValidationError),
        dependencies=[Depends(_no_query)],
    )

    @router.get("/topics", operation_id="listTopics", summary="List all topics")
    async def topics() -> TopicsResponse:
        """Returns every topic with its number of training texts, and precision, recall and F1 on the test set.

        For the outside class it returns the threshold and what it costs.
        """
        classifier = service.classifier
        outside = classifier.bundle.manifest.outside
        return TopicsResponse(
            topics=[TopicSkill(topic=one.code, **one.model_dump(exclude={"code"})) for one in classifier.topics],
            outside=None
            if outside is None
            else OutsideSkill(threshold=classifier.outside_threshold, lost=outside.lost, found=outside.found),
        )

    @router.get("/model", operation_id="getModel", summary="Describe the model")
    async def model() -> ModelResponse:
        """Returns the manifest of the loaded bundle: encoding, calibration, recipe, data and measured figures."""
        classifier = service.classifier
        manifest = classifier.bundle.manifest.model_dump(exclude={"format", "topics", "files", "reference"})
        return ModelResponse(digest=classifier.bundle.digest, runtime=service.settings.runtime, **manifest)

    return router


async def _no_query(request: Request) -> None:
    refuse_query(request.scope)
