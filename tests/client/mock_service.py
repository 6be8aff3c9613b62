"""A mock transport that answers like the service, and both clients using it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from topics_client import (
    Answer,
    AsyncTopicsClient,
    TopicsClient,
)

WORDS = {"known": 1, "rare": 0, "unknown": []}
ANSWER = {
    "predictions": [{"topic": "gold", "name": "Gold", "label": 1, "probability": 0.9}],
    "words": WORDS,
    "abstained": None,
}
MODEL = {"name": "tiny", "version": "1"}
SINGLE = ANSWER | {"model": MODEL}
HEAD = b"HTTP/1.1 200 OK\r\n"

Ask = Callable[..., Any]


def served(request: httpx2.Request) -> httpx2.Response:
    """Answers a batch as the service does: 413 above 100 texts, 422 that names the first wrong one."""
    body = json.loads(request.content)
    if "headline" in body:
        return httpx2.Response(200, json=SINGLE)
    texts = body["headlines"]
    if len(texts) > 100:
        problem = {"title": "Batch too large", "status": 413, "detail": "100 at most"}
        return httpx2.Response(413, json=problem)
    for place, text in enumerate(texts):
        if not 0 < len(text) <= 20:
            wrong = [{"field": f"headlines.{place}", "message": "too short" if not text else "too long"}]
            problem = {"title": "x", "status": 422, "detail": f"headlines.{place}: wrong.", "errors": wrong}
            return httpx2.Response(422, json=problem)
    results = [ANSWER | {"words": WORDS | {"unknown": [text]}} for text in texts]
    return httpx2.Response(200, json={"results": results, "model": MODEL})


@dataclass
class Counting:
    """Counts requests, and the texts in them."""

    requests: int = 0
    texts: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        self.texts += len(json.loads(request.content).get("headlines", ()))
        return served(request)

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0.005)
        self.at_once -= 1
        return self(request)


def client(handler: Any = served, **options: Any) -> TopicsClient:
    return TopicsClient("http://topics", transport=httpx2.MockTransport(handler), **options)


def aclient(handler: Any = served, **options: Any) -> AsyncTopicsClient:
    return AsyncTopicsClient("http://topics", transport=httpx2.MockTransport(handler), **options)


def shown(results: list[Any]) -> list[Any]:
    return [one.words.unknown[0] if isinstance(one, Answer) else (one.index, one.reason) for one in results]


def blocking(url: str, headline: str = "gold", **options: Any) -> Any:
    with TopicsClient(url, **options) as client:
        return client.predict(headline)


def awaited(url: str, headline: str = "gold", **options: Any) -> Any:
    async def ask() -> Any:
        async with AsyncTopicsClient(url, **options) as client:
            return await client.predict(headline)

    return asyncio.run(ask())


both = pytest.mark.parametrize("ask", [blocking, awaited])
