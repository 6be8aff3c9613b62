"""The probes: live touches nothing, ready asks the model its golden headlines again."""

from fastapi import APIRouter

from app.api.problems import responses
from app.api.schemas import HealthResponse
from app.errors import NotReadyError
from app.serving.service import Service


def health_router(service: Service) -> APIRouter:
    """The three probes; none of them ever asks for a key or is refused for load."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def live() -> HealthResponse:
        """The event loop turns."""
        return HealthResponse(status="live")

    @router.get("/health", responses=responses(NotReadyError))
    @router.get("/health/ready", responses=responses(NotReadyError))
    async def ready() -> HealthResponse:
        """The model has loaded, answers as it did in training, and the process is not going away."""
        service.ensure_ready()
        return HealthResponse(status="ready")

    return router
