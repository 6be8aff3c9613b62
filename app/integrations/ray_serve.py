"""The app as a Ray Serve deployment: `serve run deploy/ray/serve.yaml`."""

import os
from pathlib import Path

# As in app/__main__.py. It takes effect where Ray has not imported NumPy before; deploy/ray/serve.yaml sets it earlier.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fastapi import FastAPI
from ray import serve
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app
from app.telemetry.prometheus import MULTIPROC_DIR


def build() -> FastAPI:
    """Create the app of one replica, in the replica's process; TOPICS_* variables come from `runtime_env`."""
    if MULTIPROC_DIR in os.environ:  # `python -m app serve` refuses a folder that does not exist
        Path(os.environ[MULTIPROC_DIR]).mkdir(parents=True, exist_ok=True)
    app = create_app()
    assert app.middleware_stack is not None
    app.middleware_stack = WithoutRequestId(app.middleware_stack)
    return app


class WithoutRequestId:
    """Removes X-Request-ID from responses: Serve's proxy, which passes the ID in, adds it to the response itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_without(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [header for header in message["headers"] if header[0] != b"x-request-id"]
            await send(message)

        await self._app(scope, receive, send_without)


@serve.deployment
@serve.ingress(build)
class Topics:
    """The deployment class: one instance per replica."""

    app: FastAPI  # the app from `build`, set by the decorator

    def check_health(self) -> None:
        """Called by Serve, which replaces a replica whose check raises."""
        self.app.state.service.ensure_ready()


topics = Topics.bind()  # type: ignore[attr-defined]  # the untyped decorators return a deployment
