"""The server of one process: what it refuses to start with."""

import ssl

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
