"""GET /topics and GET /model: a model's labels with precision, recall and F1, and its manifest."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.api.model_parameter import MODEL_PARAMETER, model_parameter
from app.api.problems import responses
from app.api.routes.examples import examples, first_answer
from app.api.routes.model_info_schemas import (
    LoadedModel,
    ModelResponse,
    OutsideSkill,
    ShadowModel,
    TopicSkill,
    TopicsResponse,
)
from app.classifier import Bundle
from app.errors import NotReadyError, UnauthorizedError, UnknownModelError
from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.serving.shadow import Shadow


def model_info_router(service: Service) -> APIRouter:
    """Routes that describe the loaded models."""
    router = APIRouter(
        tags=["model"], responses=responses(NotReadyError, UnauthorizedError, UnknownModelError, RequestValidationError)
    )
    documented = {"parameters": [MODEL_PARAMETER]}

    async def chosen(request: Request) -> ServedModel:
        return service.model(model_parameter(request.scope))

    @router.get(
        "/topics",
        operation_id="listTopics",
        summary="List all topics",
        openapi_extra=documented,
        response_model=TopicsResponse,
    )
    async def topics(served: Annotated[ServedModel, Depends(chosen)]) -> Response:
        """Returns every topic with its number of training texts, and precision, recall and F1 on the test set.

        For the outside class, returns the threshold, and its false positive rate and true positive rate.
        """
        return Response(topics_json(served), media_type="application/json")

    @router.get("/model", operation_id="getModel", summary="Describe the model", openapi_extra=documented)
    async def model(served: Annotated[ServedModel, Depends(chosen)]) -> ModelResponse:
        """Returns the manifest of a loaded bundle: encoding, calibration, recipe, data and measured figures.

        Also lists all models of the service, and compares the shadow model, if there is one, with the default model.
        """
        return await describe_model(served, service)

    return router


@lru_cache(maxsize=8)
def topics_json(served: ServedModel) -> str:
    """The answer of /topics, which never changes. Building it takes 10 ms with 2,000 topics."""
    classifier = served.classifier
    outside = classifier.bundle.manifest.outside
    answer = TopicsResponse(
        topics=[TopicSkill(topic=topic.code, **topic.model_dump(exclude={"code"})) for topic in classifier.topics],
        outside=None
        if outside is None
        else OutsideSkill(
            threshold=classifier.outside_threshold,
            false_positive_rate=outside.lost,
            true_positive_rate=outside.found,
            lost=outside.lost,
            found=outside.found,
        ),
    )
    return answer.model_dump_json()


async def describe_model(served: ServedModel, service: Service) -> ModelResponse:
    """The answer of /model."""
    bundle = served.classifier.bundle
    manifest = bundle.manifest.model_dump(exclude={"format", "topics", "files", "reference", "title"})
    shadow = service.shadow
    texts = examples(served.classifier)
    return ModelResponse(
        digest=bundle.digest,
        runtime=service.settings.runtime,
        title=bundle.manifest.title_or_name,
        examples=texts,
        unreadable_examples=[text for text in texts if not served.classifier.encoder.encode(text).readable],
        models=[LoadedModel(**_named(model.classifier.bundle)) for model in service.models],
        shadow=None if shadow is None else await _compared(service, shadow),
        **manifest,
    )


async def page_json(served: ServedModel, service: Service) -> str:
    """The JSON that the page contains: the answers of /model and /topics, and the answer to the first example."""
    model, answer = await describe_model(served, service), first_answer(served.classifier)
    return f'{{"model":{model.model_dump_json()},"topics":{topics_json(served)},"answer":{answer}}}'


async def _compared(service: Service, shadow: Shadow) -> ShadowModel:
    compared = await service.metrics.shadow_comparison()
    return ShadowModel.model_validate(_named(shadow.classifier.bundle) | compared._asdict())


def _named(bundle: Bundle) -> dict[str, Any]:
    return {"name": bundle.manifest.name, "version": bundle.manifest.version, "digest": bundle.digest}
