"""Metrics server: GET /metrics on TOPICS_METRICS_PORT, in a thread of the parent process."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import uvicorn
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.api.connection_errors import ConnectionErrors
from app.api.problems import problem
from app.server.http.connections import CONNECTIONS_KEY, Connections
from app.server.http.protocol import HttpProtocol
from app.server.sockets import listeners
from app.telemetry.prometheus.multiprocess import all_workers
from app.telemetry.prometheus.single_flight import SingleFlight
from app.telemetry.request_context import request_id

logger = logging.getLogger(__name__)


def serve_metrics(host: str, port: int) -> None:
    """Serve until the process ends; raises ListenError if it cannot listen on the address.

    With the service's own HTTP protocol, a slow client takes a connection with a time limit, but no thread.
    """
    sockets, connections = listeners(host, port)[0], Connections(0, ConnectionErrors())
    os.register_at_fork(after_in_child=partial(_close, sockets, connections))
    threading.Thread(target=asyncio.run, args=(_serve(sockets, connections),), name="metrics", daemon=True).start()


def _close(sockets: Sequence[socket.socket], connections: Connections) -> None:
    """Close the parent's connections in a forked worker, where they would stay open after the parent closes them."""
    for descriptor in [*(listener.fileno() for listener in sockets), *connections.descriptors()]:
        with suppress(OSError):
            os.close(descriptor)


async def _serve(sockets: Sequence[socket.socket], connections: Connections) -> None:
    config = uvicorn.Config(
        _App(),
        http=HttpProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        workers=1,  # otherwise uvicorn reads WEB_CONCURRENCY
    )
    config.load()
    state, held = ServerState(), {CONNECTIONS_KEY: connections}
    loop = asyncio.get_running_loop()
    for listener in sockets:
        await loop.create_server(lambda: HttpProtocol(config, state, held), sock=listener)
    await loop.create_future()  # which is never completed


class _App:
    """ASGI app with the single path /metrics."""

    def __init__(self) -> None:
        self._exposition = SingleFlight(lambda: asyncio.to_thread(lambda: generate_latest(all_workers())))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name = request_id(dict(scope["headers"]))
        try:
            _raise_if_elsewhere(scope)
            answer = Response(await self._exposition.result(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
        except Exception as error:  # a row of the table of problems, or a 500
            answer = problem(error, scope["path"], name)
            if answer.status_code == 500:
                logger.exception("metrics cannot be read", extra={"request_id": name})
        answer.headers["x-request-id"] = name
        await answer(scope, receive, send)


def _raise_if_elsewhere(scope: Scope) -> None:
    if scope["path"] != "/metrics":
        raise HTTPException(404, "This port has only /metrics; all other endpoints are on the port of the service.")
    if scope["method"] not in {"GET", "HEAD"}:
        raise HTTPException(405, headers={"Allow": "GET, HEAD"})
