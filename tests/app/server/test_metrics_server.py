"""The app of the metrics port; on a real port: tests/operation/test_metrics.py."""

import asyncio

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from app.server import metrics_server
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


def test_metrics_that_cannot_be_read_are_500_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(metrics_server, "all_workers", fail)
    reply = asyncio.run(ask("/metrics"))
    assert reply.status_code == 500
    [record] = caplog.records
    assert record.exc_info
    assert str(record.exc_info[1]) == "[Errno 24] Too many open files"
    assert record.__dict__["request_id"] == reply.headers["x-request-id"]
