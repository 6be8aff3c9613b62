"""What both clients send by default."""

import asyncio
import inspect
import json
import math
from typing import Any

import httpx2
import pytest
from topics_client import AsyncTopicsClient, TopicsClient, arguments
from topics_client.calls import open_http

RESULT = {"predictions": [], "topic_set": None, "words": {"known": 0, "rare": 0, "unknown": []}, "abstained": None}
MODEL = {"name": "tiny", "version": "1"}


@pytest.fixture
def sent() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def transport(sent: list[tuple[str, Any]]) -> httpx2.MockTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        sent.append((request.url.path, body))
        results = {"results": [RESULT] * len(body.get("headlines", ()))}
        return httpx2.Response(200, json=(results if "headlines" in body else RESULT) | {"model": MODEL})

    return httpx2.MockTransport(answer)


EXPECTED = [
    ("/predict", {"headline": "gold", "explain": False}),
    ("/predict/batch", {"headlines": ["gold", "oil"]}),
    ("/predict/batch", {"headlines": ["gold", "oil"]}),
]


def test_blocking_client_leaves_the_number_of_topics_to_the_service(
    sent: list[tuple[str, Any]], transport: httpx2.MockTransport
) -> None:
    with TopicsClient("http://localhost", transport=transport) as client:
        client.predict("gold")
        client.predict_batch(["gold", "oil"])
        list(client.predict_iter(["gold", "oil"]))
    assert sent == EXPECTED


def test_async_client_leaves_the_number_of_topics_to_the_service(
    sent: list[tuple[str, Any]], transport: httpx2.MockTransport
) -> None:
    async def ask() -> None:
        async with AsyncTopicsClient("http://localhost", transport=transport) as client:
            await client.predict("gold")
            await client.predict_batch(["gold", "oil"])
            async for _ in client.predict_iter(["gold", "oil"]):
                pass

    asyncio.run(ask())
    assert sent == EXPECTED


@pytest.mark.parametrize("name", ["predict", "predict_batch", "predict_iter"])
@pytest.mark.parametrize("kind", [TopicsClient, AsyncTopicsClient])
def test_text_may_be_passed_by_name_and_options_must_be(kind: Any, name: str) -> None:
    _, text, *options = inspect.signature(getattr(kind, name)).parameters.values()
    assert text.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}


def test_number_of_connections_has_no_limit() -> None:
    limits: list[httpx2.Limits] = []

    class Recording(httpx2.Client):
        def __init__(self, **options: Any) -> None:
            limits.append(options["limits"])
            super().__init__(**options)

    with open_http(Recording, "http://localhost", None, None):
        assert limits[0].max_connections is None


@pytest.mark.parametrize(("seconds", "socket"), [(math.inf, None), (2.5, 2.5)])
def test_no_limit_is_none_to_the_transport(seconds: float, socket: float | None) -> None:
    assert arguments.socket_timeout(seconds) == socket
