"""`model=` chooses one of the models in service, in each method of both clients."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from topics_client import AsyncTopicsClient, NotFoundError, TopicsClient

from tests import any_bundles
from tests.client.mock_service import aclient, client
from tests.server import RunningServer
from tests.tiny_bundle import write_any_bundle


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Iterator[str]:
    other = write_any_bundle(tmp_path_factory.mktemp("news") / "2", any_bundles.KOREAN, "news", "2", format=3)
    with RunningServer(tiny_bundle, model=f"{tiny_bundle},{other}") as server:
        yield server.url


def asked(url: str, **options: Any) -> list[str]:
    """The model that answers each of the blocking methods; one of them has fewer than five topics."""
    with TopicsClient(url) as client:
        answers = [client.predict("x", **options), *client.predict_batch(["x"], **options)]
        answers += client.predict_iter(["x"], batch_size=1, **options)
        return [*(one.model.name for one in answers), client.model(**options).name, str(len(client.topics(**options)))]


async def awaited(url: str, **options: Any) -> list[str]:
    async def stream() -> Any:
        yield "x"

    async with AsyncTopicsClient(url) as client:
        answers = [
            await client.predict("x", **options),
            *await client.predict_batch(["x"], **options),
        ]
        answers += [one async for one in client.predict_iter(["x"], batch_size=1, **options)]
        streamed = [one async for one in client.predict_iter(stream(), **options)]
        assert streamed[0].model == answers[0].model
        topics = await client.topics(**options)
        return [*(one.model.name for one in answers), (await client.model(**options)).name, str(len(topics))]


@pytest.mark.parametrize(
    ("options", "name", "topics"),
    [
        ({}, "tiny", "46"),
        ({"model": None}, "tiny", "46"),
        ({"model": "news"}, "news", "4"),
        ({"model": "news/2"}, "news", "4"),
    ],
)
def test_every_method_asks_the_chosen_model(url: str, options: dict[str, Any], name: str, topics: str) -> None:
    assert asked(url, **options) == [*[name] * 4, topics]
    assert asyncio.run(awaited(url, **options)) == [*[name] * 4, topics]


@pytest.mark.parametrize("model", ["old", "news/3", "a&model=news", "?", "#", "%", " ", "국회", "news/2 "])
def test_unknown_model_is_not_found_and_named(url: str, model: str) -> None:
    with TopicsClient(url) as client, pytest.raises(NotFoundError, match=r"this service has tiny/1, news/2"):
        client.predict("x", model=model)


@pytest.mark.parametrize(
    ("model", "kind"), [(b"news", TypeError), (2, TypeError), ("", ValueError), ("\ud800", ValueError)]
)
def test_wrong_model_is_named_before_anything_is_sent(model: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="model"):
        client().predict("x", model=model)
    with pytest.raises(kind, match="model"):
        client().predict_iter(["x"], model=model)
    with pytest.raises(kind, match="model"):
        client().topics(model=model)
    with pytest.raises(kind, match="model"):
        aclient().predict_iter(["x"], model=model)
