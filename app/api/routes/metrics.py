"""GET /metrics: Prometheus metrics of all workers."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from app.serving.service import Service


def metrics_router(service: Service) -> APIRouter:
    """GET /metrics without authentication; not included if TOPICS_METRICS_PORT is set."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/metrics",
        operation_id="getMetrics",
        summary="Prometheus metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        """Metrics of all workers in the Prometheus text format."""
        return Response(await service.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
