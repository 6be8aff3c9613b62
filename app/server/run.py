"""uvicorn, configured for this service: in one process, or in several workers under the supervisor."""

import gc
import logging.config
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from app.classifier import TopicClassifier, build_classifier, load_bundle
from app.main import create_app
from app.server.http.protocol import Protocol
from app.server.metrics_server import serve_metrics
from app.server.sockets import ListenError, announce, listeners
from app.server.supervisor import Supervisor
from app.server.uvicorn_server import Server
from app.server.worker import Beat
from app.serving.draining import END_SECONDS, FINISH_SECONDS
from app.settings import Settings
from app.telemetry.logs import CONFIG
from app.telemetry.multiprocess import DIRECTORY

logger = logging.getLogger(__name__)

Load = Callable[[], TopicClassifier]


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop; exits with 1 if the service cannot start.

    If PROMETHEUS_MULTIPROC_DIR is set, workers write their metrics there, and the metrics port reads them.

    Raises:
        BundleError: the bundle fails verification.
        ListenError: the address cannot be listened on.
    """
    # uvicorn raises the signal that stopped it once more when it is done; without this the exit status
    # would say that SIGTERM killed the process, although everything ended as it should.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, partial(_hang_up, sys.stdin is not None and sys.stdin.isatty()))
    load = _prepare(settings)
    each = listeners(host, port, settings.workers)
    _serve_metrics(settings, host)
    logging.config.dictConfig(CONFIG)  # not before the last error that the command line reports
    if settings.workers == 1:
        server = Server(_config(settings, load), each[0], started=partial(announce, each[0]))
        with suppress(KeyboardInterrupt):
            server.run()
        started = server.started
    else:
        started = Supervisor(
            settings.workers,
            partial(_work, settings, load, each),
            load=lambda: partial(_work, settings, _prepare(settings), each),
            end_seconds=settings.drain_seconds + END_SECONDS + 0.25,  # a worker's own timer is due sooner
            sockets=[one for sockets in each for one in sockets],
            on_ready=lambda: announce(each[0]),
            on_end=lambda number: mark_process_dead(f"worker{number}", os.environ[DIRECTORY]),
        ).run()
    if not started:
        sys.exit(1)


def _prepare(settings: Settings) -> Load:
    """Verify the bundle now; what is returned makes its classifier, in a forked worker as well.

    Workers share the memory of what is made here. With Keras each makes its own, of the bytes verified here, because
    TensorFlow's threads do not survive a fork.
    """
    bundle = load_bundle(settings.model)
    if settings.runtime == "keras":
        return partial(build_classifier, bundle, settings.runtime, settings.min_probability, settings.outside_threshold)
    classifier = build_classifier(bundle, settings.runtime, settings.min_probability, settings.outside_threshold)
    gc.collect()
    gc.freeze()  # a collection in a worker would write to all objects and so copy the memory they share
    return lambda: classifier


def _work(  # noqa: PLR0917 - what the supervisor adds comes by position
    settings: Settings, load: Load, each: list[list[socket.socket]], place: int, number: int, beat: Beat
) -> None:
    """What a worker does, at the sockets of its place and at those that others leave waiting."""
    # Files of metrics are named after the worker's number, not its process ID: a later worker with the same number
    # goes on counting in them, so there are never more than there are workers.
    values.ValueClass = values.MultiProcessValue(lambda: f"worker{number}")

    async def notify() -> None:
        if not beat():
            server.should_exit = True  # without draining: the port is free at once for the supervisor's successor

    own = place % len(each)
    others = [one for index, sockets in enumerate(each) if index != own for one in sockets]
    config = _config(settings, load, callback_notify=notify, timeout_notify=1)
    server = Server(config, each[own], others, started=beat)
    server.run()
    if not server.started:
        sys.exit(1)


def _config(settings: Settings, load: Load, **more: object) -> uvicorn.Config:
    return uvicorn.Config(
        partial(create_app, settings, load),
        factory=True,
        http=Protocol,
        ws="none",
        log_config=CONFIG,
        access_log=False,
        proxy_headers=False,  # nothing here asks who the client is
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=FINISH_SECONDS,
        **more,  # type: ignore[arg-type]
    )


def _serve_metrics(settings: Settings, host: str) -> None:
    if DIRECTORY in os.environ:
        for leftover in Path(os.environ[DIRECTORY]).glob("gauge_live*.db"):  # of an earlier run
            leftover.unlink()
    if settings.metrics_port is not None:
        try:
            serve_metrics(host, settings.metrics_port)
        except ListenError as error:
            raise ListenError(f"TOPICS_METRICS_PORT: {error}") from None


def _hang_up(terminal: bool, *_: object) -> None:
    """On SIGHUP to a service of one process: nothing in it could answer while it loads a bundle again."""
    if terminal:  # it was closed
        signal.raise_signal(signal.SIGTERM)
    else:
        logger.warning("SIGHUP is ignored: only a service of several workers loads its bundle again; restart this one")
