"""uvicorn, configured for this service: in one process, or in several workers under the supervisor."""

import gc
import logging.config
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from app.cli.standard_streams import stop_held_back
from app.main import create_app
from app.server.http.connections import NEEDED_FILES
from app.server.http.protocol import HttpProtocol
from app.server.metrics_server import serve_metrics
from app.server.sockets import ListenError, announce, listeners
from app.server.supervisor import Supervisor
from app.server.uvicorn_server import Server
from app.server.worker import Beat
from app.serving.draining import END_SECONDS, FINISH_SECONDS
from app.serving.loading import Load, prepare
from app.settings import Settings, SettingsError
from app.telemetry import logs
from app.telemetry.prometheus import MULTIPROC_DIR
from app.telemetry.prometheus.metrics_file import rename_damaged
from app.telemetry.prometheus.reload_gauges import write_reload

logger = logging.getLogger(__name__)


def serve(settings: Settings, host: str, port: int, load: Load) -> None:
    """Serve until a signal to stop; exits with status 1 if the service cannot start.

    If PROMETHEUS_MULTIPROC_DIR is set, workers write their metrics there, and the metrics port reads them.

    Args:
        settings: of the service.
        host: address to listen on.
        port: port to listen on; 0 picks a free one.
        load: what `prepare` returned.

    Raises:
        ListenError: the service cannot listen on the address.
        SettingsError: a damaged file of metrics cannot be renamed.
    """
    # When uvicorn has stopped, it raises the signal again; without this handler the exit status would be that of a
    # process killed by SIGTERM, although it has ended properly.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with stop_held_back():  # imports, `logging` and native code may ignore the exception
        _raise_file_limit()
        gc.freeze()  # what was imported since `prepare`
        by_slot = listeners(host, port, settings.workers)
        _remove_old_gauges()  # before the metrics port can show them
        if settings.metrics_port is not None:
            _serve_metrics(host, settings.metrics_port)
        # After most errors that the command line reports itself.
        logging.config.dictConfig(logs.config(settings.log_level))
        if MULTIPROC_DIR in os.environ:
            rename_damaged(Path(os.environ[MULTIPROC_DIR]))
        server: Server | Supervisor
        if settings.workers == 1:
            server = Server(_config(settings, load), by_slot[0], started=partial(announce, by_slot[0]))
        else:
            server = Supervisor(
                settings.workers,
                partial(_work, settings, load, by_slot),
                load=lambda: partial(_work, settings, prepare(settings), by_slot),
                end_seconds=settings.drain_seconds + END_SECONDS + 0.25,  # later than the worker's own timer
                sockets=[listener for sockets in by_slot for listener in sockets],
                on_ready=lambda: announce(by_slot[0]),
                on_reload=write_reload,
                on_end=lambda number: mark_process_dead(f"worker{number}", os.environ[MULTIPROC_DIR]),
            )
            write_reload(True)
            del load  # the bundle that it holds is then freed when all workers have another one
    if isinstance(server, Supervisor):
        started = server.run()
    else:
        with suppress(KeyboardInterrupt):
            server.run()
        started = server.started
    if not started:
        sys.exit(1)


def _work(  # noqa: PLR0917 - the supervisor passes its arguments by position
    settings: Settings, load: Load, by_slot: list[list[socket.socket]], slot: int, number: int, beat: Beat
) -> None:
    """Serve in a worker, on the sockets of its slot, and on the others' if connections wait there."""
    # Metrics files are named after the worker's number, not its process ID. A later worker with the same number
    # continues counting in them, so there are never more files than workers.
    values.ValueClass = values.MultiProcessValue(lambda: f"worker{number}")

    async def notify() -> None:
        if not beat():
            server.should_exit = True  # without draining, so that the port is free at once for a new supervisor

    own = slot % len(by_slot)
    others = [listener for index, sockets in enumerate(by_slot) if index != own for listener in sockets]
    config = _config(settings, load, callback_notify=notify, timeout_notify=1)
    server = Server(config, by_slot[own], others, started=beat)
    try:
        server.run()
    except SettingsError as error:  # such as a key file that was removed after the start
        logger.error("worker %d: %s", os.getpid(), error)  # noqa: TRY400 - the traceback says no more
        sys.exit(1)
    if not server.started:
        sys.exit(1)


def _config(settings: Settings, load: Load, **more: object) -> uvicorn.Config:
    return uvicorn.Config(
        partial(create_app, settings, load),
        factory=True,
        http=HttpProtocol,
        ws="none",
        log_config=logs.config(settings.log_level),
        access_log=False,
        proxy_headers=bool(settings.proxies),  # only then, because it costs a part of every request
        forwarded_allow_ips=settings.proxies,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=FINISH_SECONDS,
        workers=1,  # otherwise uvicorn reads WEB_CONCURRENCY, and raises ValueError if that is not a number
        **more,  # type: ignore[arg-type]
    )


def _raise_file_limit() -> None:
    """Let the process open as many files as its connections need, if the hard limit allows it.

    systemd and container runtimes start processes with a soft limit of 1,024, for programs that call select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = NEEDED_FILES if hard == resource.RLIM_INFINITY else min(NEEDED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _serve_metrics(host: str, port: int) -> None:
    try:
        serve_metrics(host, port)
    except ListenError as error:
        raise ListenError(f"TOPICS_METRICS_PORT: {error}") from None


def _remove_old_gauges() -> None:
    """Remove the gauges of the workers of an earlier run; counters continue from their files, unless damaged."""
    if MULTIPROC_DIR in os.environ:
        for file in Path(os.environ[MULTIPROC_DIR]).glob("gauge_live*.db"):
            file.unlink()
