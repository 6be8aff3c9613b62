"""uvicorn, set up for this service."""

import signal
import sys
from contextlib import suppress

import uvicorn

from app.listeners import listeners
from app.logs import CONFIG
from app.metrics_server import serve_metrics
from app.protocol import Protocol
from app.server import Server
from app.settings import Settings
from app.supervisor import Supervisor


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop; returns, or exits with 0, after a clean stop, and exits with 1 if it cannot start.

    Where DIRECTORY is set, workers write their metrics there, and the port of their own reads them there.
    """
    # uvicorn raises the signal that stopped it once more when it is done; without this the exit status
    # would say that SIGTERM killed the process, although everything ended as it should.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.metrics_port is not None:
        try:
            serve_metrics(host, settings.metrics_port)
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
        supervisor = Supervisor(config, listeners(config))
        supervisor.run()
        sys.exit(1 if supervisor.failed else 0)
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)
