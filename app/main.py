"""All the wiring, and nothing else."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.api import problems
from app.api.about import about_router
from app.api.envelope import Envelope
from app.api.health import health_router
from app.api.openapi import describe
from app.api.predict import predict_routes
from app.api.service import Service
from app.classifier import load_classifier
from app.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI app; nothing is loaded before its lifespan begins."""
    settings = settings or load_settings()
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start(load_classifier(settings.model, settings.runtime, settings.min_probability))
        # What is alive now lives for ever: keep the collector from walking it during requests.
        gc.collect()
        gc.freeze()
        yield
        service.phase = "draining"

    app = FastAPI(
        title="Reuters topics",
        summary="What a news headline is about, as probabilities over the 46 topics of the Reuters newswire set.",
        lifespan=lifespan,
        exception_handlers={HTTPException: problems.respond, RequestValidationError: problems.respond},
    )
    app.state.service = service
    direct = predict_routes(service)
    app.router.routes.extend(direct)
    app.include_router(about_router(service))
    app.include_router(health_router(service))
    describe(app)
    app.add_middleware(Envelope, direct={route.path: route.app for route in direct})
    return app
