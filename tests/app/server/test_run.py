"""The order of a start; with real processes: tests/operation."""

import gc
import importlib
import logging.config
import resource
import signal
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.server import run
from app.server.sockets import ListenError
from app.settings import load_settings
from app.telemetry.prometheus import MULTIPROC_DIR

serve_command = importlib.import_module("app.server.command.serve")


def test_metrics_port_opens_after_the_gauges_of_an_earlier_run_are_removed(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gauge_livesum_worker0.db").touch()
    (tmp_path / "counter_worker0.db").touch()
    left: list[str] = []

    def serve_metrics(_host: str, _port: int) -> None:
        left.extend(file.name for file in tmp_path.iterdir())
        raise ListenError("in use")

    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(run, "_raise_file_limit", lambda: None)
    monkeypatch.setattr(run, "listeners", lambda *_: [[]])
    monkeypatch.setattr(run, "_serve_metrics", serve_metrics)
    with pytest.raises(ListenError):
        run.serve(load_settings(model=tiny_bundle, metrics_port=9), "127.0.0.1", 0, None)
    assert left == ["counter_worker0.db"]


def test_only_the_supervisor_holds_the_first_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[bool] = []

    class Supervisor:
        def __init__(self, _workers: int, serve: partial, **_: object) -> None:
            self.serve: partial | None = serve
            self.held = weakref.ref(serve.args[1])

        def run(self) -> bool:
            assert self.held() is not None
            self.serve = None  # as after SIGHUP
            freed.append(self.held() is None)
            return True

    def prepare(_: object) -> Callable[[], None]:
        return lambda: None

    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(run, "_raise_file_limit", lambda: None)
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    monkeypatch.setattr(run, "listeners", lambda *_: [[]])
    monkeypatch.setattr(run, "Supervisor", Supervisor)
    monkeypatch.setattr(serve_command, "prepare", prepare)
    done = CliRunner().invoke(serve_command.serve, ["--workers", "2"], catch_exceptions=False)
    assert (done.exit_code, freed) == (0, [True])


def test_sigterm_during_the_start_ends_it_even_if_code_that_it_calls_ignores_exceptions(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def ignore() -> None:
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(run, "_raise_file_limit", ignore)
    monkeypatch.setattr(run, "listeners", lambda *_: [[]])
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    monkeypatch.setattr(run.Server, "run", lambda _: pytest.fail("it serves"))
    try:
        with pytest.raises(SystemExit) as ended:
            run.serve(load_settings(model=tiny_bundle), "127.0.0.1", 0, lambda: None)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((1024, 65536), (2148, 65536)),
        ((1024, resource.RLIM_INFINITY), (2148, resource.RLIM_INFINITY)),
        ((64, 1024), (1024, 1024)),
        ((65536, 65536), None),
        ((64, 64), None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
    ],
)
def test_limit_of_open_files_is_raised_to_what_the_connections_need(
    limits: tuple[int, int], expected: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: given.append(new))
    run._raise_file_limit()
    assert given == ([expected] if expected else [])
