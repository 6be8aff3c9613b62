"""GET /metrics."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from app.serving.service import Service


def metrics_router(service: Service) -> APIRouter:
    """The one route; it never asks for a key, and moves away with TOPICS_METRICS_PORT."""
    router = APIRouter(tags=["health"])

    @router.head("/metrics", include_in_schema=False)
    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Prometheus' text format, for all workers together."""
        return Response(await service.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
