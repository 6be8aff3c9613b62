"""Contract with httpx2: the private attributes that topics_client/deadline.py uses exist and work."""

from typing import Any

import httpcore2
import httpx2
import pytest
from topics_client import deadline

CONTRACT = {
    "Client._transport": "`timeout` bounds a whole request",
    "Client._mounts": "`timeout` bounds a whole request through a proxy",
    "HTTPTransport._pool": "`timeout` bounds a whole request",
    "ConnectionPool._network_backend": "`timeout` bounds a whole request",
}
"""Private attribute, and what the client promises with its help."""


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """One object of each class, with a proxy from the environment."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = httpx2.Client()
    transport = httpx2.HTTPTransport()
    return {"Client": client, "HTTPTransport": transport, "ConnectionPool": httpcore2.ConnectionPool()}


def broken(owners: dict[str, Any]) -> list[str]:
    """One sentence for each attribute that is missing."""
    return [
        f"httpx2 {httpx2.__version__} has no {name}, with which topics_client/deadline.py makes sure that {promise}:"
        " adapt that module, or exclude the release in client/pyproject.toml."
        for name, promise in CONTRACT.items()
        if not hasattr(owners[name.partition(".")[0]], name.partition(".")[2])
    ]


def test_httpx2_has_the_private_attributes_that_the_client_uses(owners: dict[str, Any]) -> None:
    assert not broken(owners), "\n".join(broken(owners))


@pytest.mark.parametrize("name", CONTRACT)
def test_a_missing_attribute_is_named_in_one_sentence(owners: dict[str, Any], name: str) -> None:
    owners[name.partition(".")[0]] = object()
    assert [sentence for sentence in broken(owners) if f"has no {name}," in sentence]


def test_every_transport_of_a_client_keeps_deadlines(owners: dict[str, Any]) -> None:
    client = owners["Client"]
    deadline.bound_client(client)
    transports = [client._transport, *filter(None, client._mounts.values())]
    assert len(transports) > 1
    for transport in transports:
        assert isinstance(transport._pool._network_backend, deadline._Backend)
