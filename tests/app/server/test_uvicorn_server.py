"""The server of one process: what it refuses to start with, and a signal while it starts."""

import gc
import ssl
from typing import NoReturn

import pytest
import uvicorn

from app.server.uvicorn_server import Server
from app.settings import SettingsError


@pytest.mark.parametrize(
    "options",
    [
        {"ssl_certfile": "certificate.pem", "ssl_keyfile": "key.pem"},
        {"ssl_keyfile": "key.pem"},
        {"ssl_context_factory": lambda *_: ssl.create_default_context()},
    ],
)
def test_certificate_is_refused_and_not_ignored(options: dict[str, object]):
    """Connections would be plain HTTP although the caller asked for TLS."""
    with pytest.raises(SettingsError, match=r"this server has no TLS; .* put a proxy with TLS in front, .*\.$"):
        Server(uvicorn.Config("app.main:create_app", **options), [])  # type: ignore[arg-type]


def test_signal_before_the_loop_runs_leaves_no_coroutine_behind(monkeypatch: pytest.MonkeyPatch):
    """Python would log that it was never awaited: a warning, which is an error in these tests."""

    def stopped() -> NoReturn:
        raise SystemExit(0)  # as the handler of SIGTERM does

    config = uvicorn.Config("app.main:create_app")
    monkeypatch.setattr(config, "get_loop_factory", lambda: stopped)
    with pytest.raises(SystemExit):
        Server(config, []).run()
    gc.collect()
