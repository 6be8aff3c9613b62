"""uvicorn, set up for this service."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from functools import partial

import uvicorn
from prometheus_client import start_http_server

from app.api.metrics import all_workers
from app.logs import CONFIG
from app.protocol import Protocol
from app.settings import Settings
from app.supervisor import Supervisor

ACCEPTS = 16
"""Connections that one process takes in at once.

libuv accepts one a turn of the loop and listening descriptor, and a turn under load takes milliseconds: the last of 64
clients that came together waited for 165 to 550 ms, and with 16 descriptors of the one socket for 25 to 50.
"""


class Server(uvicorn.Server):
    """Listens on ACCEPTS descriptors of its socket once uvicorn has loaded the app, listens, and has said so."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn; exits where the app cannot start."""
        await super().startup(sockets)
        make = partial(Protocol, self.config, self.server_state, self.lifespan.state)
        for listener in self.servers[0].sockets:
            for _ in range(ACCEPTS - 1):
                listening = asyncio.get_running_loop().create_server(
                    make, sock=listener.dup(), backlog=self.config.backlog
                )
                self.servers.append(await listening)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop; returns, or exits with 0, after a clean stop, and exits with 1 if it cannot start.

    Where DIRECTORY is set, workers write their metrics there, and the port of their own reads them there.
    """
    # uvicorn raises the signal that stopped it once more when it is done; without this the exit status
    # would say that SIGTERM killed the process, although everything ended as it should.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.metrics_port is not None:
        try:
            start_http_server(settings.metrics_port, host, all_workers())
        except OSError as error:
            sys.exit(f"Error: TOPICS_METRICS_PORT: {settings.metrics_port} cannot be listened on ({error.strerror}).")
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=settings.workers,
        http=Protocol,
        ws="none",
        log_config=CONFIG,
        access_log=False,
        proxy_headers=False,  # nothing here asks who the client is
        server_header=False,
        timeout_worker_healthcheck=30,
    )
    if settings.workers > 1:
        # One at a time here: a worker that took in many would leave none for the others.
        supervisor = Supervisor(config, [config.bind_socket()])
        supervisor.run()
        sys.exit(1 if supervisor.failed else 0)
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)
