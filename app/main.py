"""create_app: wires settings, routes, middleware and telemetry into one FastAPI app."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.telemetry import TelemetryConfig

from app import VERSION
from app.api.connection_errors import CONNECTION_ERRORS_KEY, MAX_BODY_BYTES_KEY, ConnectionErrors
from app.api.middleware.api_keys import ApiKeys
from app.api.middleware.auth import require_key
from app.api.middleware.request import RequestMiddleware
from app.api.open_inference.infer import infer_routes
from app.api.open_inference.metadata import v2_router
from app.api.openapi import LICENSE, SERVERS, TAGS, extend_openapi
from app.api.raw_route import RawRoute
from app.api.routes.health import health_router
from app.api.routes.metrics import metrics_router
from app.api.routes.model_info import model_info_router, page_json
from app.api.routes.predict import predict_routes
from app.serving.draining import drain_on_sigterm
from app.serving.loading import Load, load_classifiers
from app.serving.service import Service
from app.serving.watchdog import watched
from app.settings import Settings, load_settings
from app.telemetry.access_log import AccessLog
from app.telemetry.recorder import RequestRecorder
from app.web.routes import page_router

OBJECTS_BETWEEN_COLLECTIONS = 10_000
"""Garbage collections free only cycles, of which a request makes few. With Python's 700, a batch of 100 headlines would
cause one, which takes 4% of its time."""

_EXPORT: TelemetryConfig = {"auto_configure": True}
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def create_app(settings: Settings | None = None, load: Load | None = None) -> FastAPI:
    """The service as an ASGI app.

    `settings`: default from the environment. `load`: returns the classifiers at startup; default: load those that the
    settings name.
    """
    settings = settings or load_settings()
    service = Service(settings)
    traced = _traced()
    access_log = AccessLog(headlines=settings.log_headlines) if settings.logs_requests else None
    recorder = RequestRecorder(service.metrics, access_log)
    authenticate = ApiKeys(settings.read_keys).authenticate if settings.read_keys() else None
    predict = predict_routes(service)
    app = FastAPI(
        telemetry=_EXPORT if traced else _NO_TELEMETRY,
        title="Topics",
        version=VERSION,
        license_info=LICENSE,
        openapi_tags=TAGS,
        servers=SERVERS,
        root_path_in_servers=False,
        lifespan=lambda _: _lifespan(service, recorder, predict, load),
        openapi_url=None,  # app/web has its own routes, and a page that loads nothing from a CDN
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would use the Host header, and http behind an https proxy
    )
    app.state.service = service
    app.router.routes.extend([*predict, *infer_routes(service)])
    app.include_router(model_info_router(service))
    public = _public_router(service, keyed=authenticate is not None)
    app.include_router(public)
    if authenticate is not None:
        require_key(app.router, public, authenticate)
    # Instead of FastAPI's middlewares, which take 2% of the time of a prediction. Those for exceptions are not needed,
    # because RequestMiddleware answers all of them; the exit stack is, by FastAPI's routes.
    app.middleware_stack = RequestMiddleware(
        AsyncExitStackMiddleware(app.router),
        service=service,
        # With tracing all requests use the router, from which OpenTelemetry reads the route.
        direct={} if traced else {route.path: route for route in predict},
        recorder=recorder,
        authenticate=authenticate,
    )
    extend_openapi(app, public, service, keyed=authenticate is not None)
    return app


@asynccontextmanager
async def _lifespan(
    service: Service, recorder: RequestRecorder, predict: list[RawRoute], load: Load | None
) -> AsyncIterator[dict[str, Any]]:
    """Load the models, serve, and update the metrics at the end; yields the state that `app.server` reads."""
    settings = service.settings
    service.start(load() if load else load_classifiers(settings))
    for route in predict:
        route.clear_handlers()
    drain_on_sigterm(service, settings.drain_seconds, repeated=settings.workers == 1)
    # Objects that exist now live as long as the process: exclude them from later garbage collections.
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    with watched(asyncio.get_running_loop()), service.metrics.process.measured(settings.workers):
        yield {CONNECTION_ERRORS_KEY: ConnectionErrors(recorder), MAX_BODY_BYTES_KEY: settings.max_body_bytes}
    service.begin_draining()
    service.metrics.update()


def _public_router(service: Service, keyed: bool) -> APIRouter:
    """The routes that never require an API key; `keyed`: whether all other routes require one."""
    public = APIRouter(redirect_slashes=False)
    public.include_router(health_router(service))
    public.include_router(v2_router(service))
    public.include_router(page_router(service, None if keyed else page_json))
    if service.settings.metrics_port is None:
        public.include_router(metrics_router(service))
    return public


def _traced() -> bool:
    """Whether the `otel` extra is installed and an OTEL_* variable is set; read once, not per request."""
    return any(name.startswith("OTEL_") for name in os.environ) and find_spec("opentelemetry.sdk") is not None
