"""The same app as a Ray Serve deployment, for those who run Ray already: `serve run deploy/ray/serve.yaml`."""

import os
from pathlib import Path

from fastapi import FastAPI
from ray import serve
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app
from app.telemetry.multiprocess import DIRECTORY


def build() -> FastAPI:
    """The app of one replica, made where it runs; TOPICS_* variables come from `runtime_env`."""
    if DIRECTORY in os.environ:  # nobody starts a node's replicas who could make it for them
        Path(os.environ[DIRECTORY]).mkdir(parents=True, exist_ok=True)
    app = create_app()
    app.add_middleware(WithoutRequestId)
    return app


class WithoutRequestId:
    """Leaves the header to Serve's proxy, which hands the ID in, a caller's or its own, and adds it to the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_without(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [one for one in message["headers"] if one[0] != b"x-request-id"]
            await send(message)

        await self._app(scope, receive, send_without)


@serve.deployment
@serve.ingress(build)
class Topics:
    """Serve's side of a replica."""

    app: FastAPI  # what `build` made; the decorator sets it

    def check_health(self) -> None:
        """Asked by Serve, which replaces a replica that raises."""
        self.app.state.service.ensure_ready()


topics = Topics.bind()  # type: ignore[attr-defined]  # the decorators, untyped, make a deployment of the class
