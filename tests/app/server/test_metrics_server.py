import asyncio

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from app.server.metrics_server import _App


async def ask(path: str) -> Response:
    async with AsyncClient(transport=ASGITransport(_App()), base_url="http://x") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/", "/docs", "/predict", "/metrics/"])
def test_other_path_is_told_which_port_has_it(path: str):
    reply = asyncio.run(ask(path))
    assert reply.status_code == 404
    expected = "This port has only /metrics; all other endpoints are on the port of the service."
    assert reply.json()["detail"] == expected
