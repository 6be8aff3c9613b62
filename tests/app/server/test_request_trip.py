"""The files of app/ through which one request passes, and how often it passes from one to another."""

import asyncio
import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

import app
from app.main import create_app
from app.server.http.connections import with_connections
from app.server.http.protocol import HttpProtocol
from app.settings import load_settings
from tests.app.server.recording_transport import RecordingTransport

APP = Path(app.__file__).parent
BODY = json.dumps({"headline": "Oil prices rise as OPEC cuts crude output", "top_k": 3}).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nX-API-Key: secret\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)

MAX_STOPS = 26
"""One more with API keys."""


async def trip(bundle: Path, settings: dict[str, Any]) -> tuple[list[str], bytes]:
    """The files of app/ that a connection's second request passes through until it is answered, and the answer."""
    service = create_app(load_settings(model=bundle, **settings))
    config = uvicorn.Config(service, ws="none", log_config=None)
    config.load()
    stops: list[str] = []
    async with service.router.lifespan_context(service) as state:
        protocol, transport = HttpProtocol(config, ServerState(), with_connections(state)), RecordingTransport()
        protocol.connection_made(transport)

        async def answer() -> bytes:
            protocol.data_received(REQUEST)
            await asyncio.gather(*protocol.tasks)
            written = b"".join(transport.calls)
            transport.calls.clear()
            return written

        def count(frame: FrameType, event: str, _: object) -> None:
            path = Path(frame.f_code.co_filename)
            if event == "call" and not transport.calls and path.is_relative_to(APP):
                file = str(path.relative_to(APP))
                if not stops or not stops[-1].startswith(f"{file}:"):
                    stops.append(f"{file}:{frame.f_code.co_name}")

        await answer()  # fills the caches
        service.state.service.metrics.update()  # its timer would fire during the measurement
        sys.setprofile(count)
        try:
            written = await answer()
        finally:
            sys.setprofile(None)
        protocol.connection_lost(None)
    return stops, written


@pytest.mark.parametrize(
    ("settings", "most"), [({}, MAX_STOPS), ({"api_keys": "secret"}, MAX_STOPS + 1)], ids=["open", "with keys"]
)
def test_predict_passes_through_few_files(settings: dict[str, str], most: int):
    stops, written = asyncio.run(trip(load_settings().model[0], settings))
    print("", *(f"{number:2} {stop}" for number, stop in enumerate(stops, 1)), sep="\n")
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert stops[0].startswith("server/http/")
    assert any(stop.startswith("classifier/networks/dense_network.py:") for stop in stops)
    assert len(stops) <= most, (
        "a request passes from file to file more often than before: compare the list below with that of main; avoid the"
        " new stop, or raise MAX_STOPS and give the reason in the commit"
    )
