"""The probes: live touches nothing, ready asks the model its golden headlines again."""

from fastapi import APIRouter

from app.api.errors import NotReadyError
from app.api.problems import responses
from app.api.schemas import HealthAnswer
from app.api.service import Service


def health_router(service: Service) -> APIRouter:
    """The three probes; none of them ever asks for a key or is refused for load."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def live() -> HealthAnswer:
        """The event loop turns."""
        return HealthAnswer(status="live")

    @router.get("/health", responses=responses(NotReadyError))
    @router.get("/health/ready", responses=responses(NotReadyError))
    async def ready() -> HealthAnswer:
        """The model has loaded, answers as it did in training, and the process is not going away."""
        service.check()
        return HealthAnswer(status="ready")

    return router
