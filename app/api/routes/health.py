"""Health probes: liveness, and readiness, which classifies the golden headlines again."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.problems import responses
from app.errors import NotReadyError
from app.serving.service import Service


class HealthResponse(BaseModel):
    """Result of a probe."""

    status: Annotated[Literal["live", "ready"], Field(description="The state that the probe checks.")]


def health_router(service: Service) -> APIRouter:
    """Routes of the three probes, which need no API key and are not refused under load."""
    router = APIRouter(tags=["operations"])

    @router.get("/health/live", operation_id="getLiveness", summary="Liveness probe")
    async def live() -> HealthResponse:
        """200 while the process responds; does not use the model."""
        return HealthResponse(status="live")

    documented: dict[str, Any] = {"summary": "Readiness probe", "responses": responses(NotReadyError)}

    @router.get("/health", operation_id="getHealth", **documented)
    @router.get("/health/ready", operation_id="getReadiness", **documented)
    async def ready() -> HealthResponse:
        """200 if the model has loaded and reproduces its golden headlines, and the process is not shutting down."""
        service.ensure_ready()
        return HealthResponse(status="ready")

    return router
