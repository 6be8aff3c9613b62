"""Client disconnects and failing responses: each request is counted once and answered at most once."""

import json
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.middleware.request import RequestMiddleware
from app.serving.service import Service
from app.settings import load_settings
from app.telemetry.recorder import RequestRecorder
from app.telemetry.request_context import CLIENT_GONE
from tests.app.asgi import post_scope
from tests.app.conftest import Start
from tests.app.metrics import read


async def ask(app: Any, path: str, *came: Message) -> list[Message]:
    """The messages an app sends after it has received the given ones and nothing else."""
    waiting, sent = list(came), []

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    with anyio.fail_after(10):
        await app(post_scope(path), receive, send)
    return sent


PART = {"type": "http.request", "body": b'{"headl', "more_body": True}
GONE = {"type": "http.disconnect"}


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/v2/models/{name}/infer"])
@pytest.mark.parametrize("came", [(GONE,), (PART, GONE), (PART, PART, GONE)])
def test_client_that_hangs_up_in_its_body_is_counted_and_not_answered(start: Start, path: str, came: tuple):
    client = start()
    assert client.portal is not None
    assert client.portal.call(ask, client.app, path.format(name="tiny"), *came) == []
    text = client.get("/metrics").text
    value = read(text)
    assert value("http_requests_total", route=path, method="POST", status=CLIENT_GONE) == 1
    assert value("http_request_duration_seconds_count", route=path, method="POST", status=CLIENT_GONE) == 1
    assert value("topics_rejected_total", reason="client_gone") == 1
    assert value("topics_batch_size_count") == value("topics_headlines_total") == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict/batch", {"headlines": ["oil"] * 300}),
        ("/predict/batch", {"headlines": ["o" * 15_000]}),
        ("/predict", {"headline": "o" * 1001, "explain": True}),
    ],
)
def test_client_that_hangs_up_while_its_request_waits_is_counted_and_not_answered(
    start: Start, path: str, body: object
):
    client = start()
    assert client.portal is not None
    whole = {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}
    assert client.portal.call(ask, client.app, path, whole, GONE) == []
    assert client.app.state.service.limiter.in_flight == 0
    value = read(client.get("/metrics").text)
    assert value("http_requests_total", route=path, method="POST", status=CLIENT_GONE) == 1
    assert value("topics_rejected_total", reason="client_gone") == 1
    assert value("topics_headlines_total") < 300


@pytest.mark.parametrize(
    ("path", "body"), [("/predict", {"headline": "oil"}), ("/predict/batch", {"headlines": ["oil"]})]
)
def test_headlines_that_were_not_admitted_are_not_counted(start: Start, path: str, body: dict[str, object]):
    """The process becomes full after the headers have been admitted, while the body is read."""
    client = start(max_batch=10, max_in_flight=10)
    assert client.portal is not None
    service = client.app.state.service

    async def refused() -> list[Message]:
        service.model().batcher._alone = False  # as after a batch: the next headline waits, and is counted as in flight
        taken = False

        async def receive() -> Message:
            nonlocal taken
            if not taken:
                taken = True
                service.limiter.acquire(10)
            return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await client.app(post_scope(path), receive, send)
        service.limiter.release(10)
        return sent

    assert client.portal.call(refused)[0]["status"] == 503
    value = read(client.get("/metrics").text)
    assert value("topics_rejected_total", reason="overloaded") == 1
    assert value("topics_batch_size_count") == value("topics_headlines_total") == 0


def test_answer_that_fails_after_its_start_gets_no_second_one(tiny_bundle: Path):
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half-way")

    service = Service(load_settings(model=tiny_bundle))
    recorder = RequestRecorder(service.metrics, None)
    middleware = RequestMiddleware(broken, service=service, direct={}, recorder=recorder, authenticate=None)
    sent: list[Message] = []

    async def main() -> bytes:
        async def send(message: Message) -> None:
            sent.append(message)

        with pytest.raises(RuntimeError, match="half-way"):
            await middleware(post_scope("/predict"), anyio.sleep_forever, send)
        await anyio.lowlevel.checkpoint()  # records are written at the end of the loop's turn
        return await service.metrics.exposition()

    text = anyio.run(main).decode()
    assert [one["type"] for one in sent] == ["http.response.start"]
    assert read(text)("http_requests_total", route="other", method="POST", status=200) == 1
