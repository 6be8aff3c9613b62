"""Connections in thousands of random sequences of events, with limits so small that all of them are reached."""

import gc
import logging
import random
from collections.abc import Iterator

import pytest
from uvicorn.protocols.http import httptools_impl

from app.errors import ApiError
from app.server.http import bounded_connection, connections, protocol, request_head, unparsed_bytes
from tests.app.server.http.states.scripted_app import ScriptedError
from tests.app.server.http.states.world import World

SEEDS = 1000
BLOCKS = 4
"""Each may be run by a process of its own."""

SMALL = {
    "FREE_BYTES": 300,
    "MIN_REQUEST_BYTES": 4000,
    "LARGE_BYTES": 1200,
    "MAX_UNREAD_BYTES": 6000,
    "MAX_CONNECTIONS": 3,
    "CLOSE_AT_ONCE": 1,
    "MAX_HEAD_BYTES": 1500,
    "MAX_PIECE": 256,
    "MIN_PIECE": 32,
    "MAX_TARGET_BYTES": 200,
    "HIGH_WATER_LIMIT": 1000,
    "_MIN_COUNTED": 8,
}


class ErrorLog(logging.Filter):
    """What uvicorn would log, but for errors that the application raises on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.ERROR and not isinstance(error, (ScriptedError, ApiError)):
            self.errors.append(f"{record.getMessage()}: {error!r}")
        return False  # a handler would keep the traceback, and with it the connection


@pytest.fixture
def error_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[ErrorLog]:
    """With small limits."""
    for module in (bounded_connection, connections, httptools_impl, protocol, request_head, unparsed_bytes):
        for name in SMALL.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, SMALL[name])
    log = ErrorLog()
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "filters", [log])
    gc.collect()
    gc.freeze()
    yield log
    gc.unfreeze()


@pytest.mark.parametrize("first", range(BLOCKS))
def test_every_request_is_answered_once_and_every_connection_ends(error_log: ErrorLog, first: int):
    for seed in range(first, SEEDS, BLOCKS):
        choose = random.Random(seed)
        world = World(choose)
        try:
            with world.loop:
                for _ in range(choose.choice((5, 10, 20, 40))):
                    world.step()
                left = world.finish()
            assert error_log.errors == []
            del world
            assert not any(reference() for reference in left) or gc.collect()
            assert not any(reference() for reference in left)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
