"""The client against the real server."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from topics_client import (
    Answer,
    AsyncTopicsClient,
    InvalidRequestError,
    TooLargeError,
    TopicsClient,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)

from app.classifier import load_classifier
from tests import any_bundles
from tests.server import RunningServer
from tests.waiting import wait_for

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq", "Gold mine strike"]


@pytest.fixture(scope="module")
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    with RunningServer(tiny_bundle, max_batch=500) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[TopicsClient]:
    with TopicsClient(server.url) as client:
        yield client


def expected(bundle: Path, headlines: list[str]) -> list[tuple[str | None, float]]:
    topics = load_classifier(bundle).topics
    return [
        (topics[one.labels[0]].code, pytest.approx(one.probabilities[0], abs=1e-6)) if one.labels else (None, 0.0)
        for one in load_classifier(bundle).classify(headlines, 1)
    ]


def best(answers: list[Answer]) -> list[tuple[str | None, float]]:
    return [(one.best.topic, one.best.probability) if one.best else (None, 0.0) for one in answers]


def test_predict_gives_the_classifiers_answer(client: TopicsClient, tiny_bundle: Path) -> None:
    answers = [client.predict(one, top_k=3) for one in HEADLINES]
    assert best(answers) == expected(tiny_bundle, HEADLINES)
    assert [len(one.predictions) for one in answers] == [3, 3, 0, 3]
    assert answers[2].abstained == "no_known_words"
    assert answers[2].words.unknown == ("zzyzx", "qqq")
    assert (answers[0].model.name, answers[0].model.version) == ("tiny", "1")


def test_predict_explains_when_asked(client: TopicsClient) -> None:
    explanation = client.predict("Oil falls", explain=True, explain_topic="crude").explanation
    assert explanation is not None
    assert [(one.word, one.start, one.end) for one in explanation.words] == [("oil", 0, 3), ("falls", 4, 9)]
    assert explanation.words[0].effect > 0.5


def test_outside_answer_of_both_clients_is_that_of_the_classifier(outside_bundle: Path) -> None:
    texts = ["Oil falls", "Election court football", "qqq"]

    async def ask(url: str) -> list[Answer]:
        async with AsyncTopicsClient(url) as client:
            return await client.predict_batch(texts)

    with RunningServer(outside_bundle) as server, TopicsClient(server.url) as client:
        answers = client.predict_batch(texts)
        assert asyncio.run(ask(server.url)) == answers
    expected = load_classifier(outside_bundle).classify(texts)
    assert [(one.outside, one.abstained) for one in answers] == [(one.outside, one.abstained) for one in expected]
    assert [one.best is None for one in answers] == [False, True, True]


def test_long_batch_is_cut_and_joined_in_order(client: TopicsClient, tiny_bundle: Path) -> None:
    # 2,403 headlines: more than a request of the client (1,000), which is more than this server takes (500).
    headlines = [*(HEADLINES * 600), "profit dividend", "silver", "hog pigs"]
    answers = client.predict_batch(iter(headlines), top_k=1)
    assert best(answers) == expected(tiny_bundle, headlines)


def test_batch_of_none_is_none(client: TopicsClient) -> None:
    assert client.predict_batch([]) == []


def test_async_client_gives_the_same(server: RunningServer, client: TopicsClient) -> None:
    async def ask() -> tuple[Answer, list[Answer], list, object, bool]:
        async with AsyncTopicsClient(server.url) as other:
            return (
                await other.predict(HEADLINES[0]),
                await other.predict_batch(HEADLINES * 700, top_k=2),
                await other.topics(),
                await other.model(),
                await other.ready(),
            )

    single, batch, topics, model, ready = asyncio.run(ask())
    assert single == client.predict(HEADLINES[0])
    assert batch == client.predict_batch(HEADLINES * 700, top_k=2)
    assert (topics, model, ready) == (client.topics(), client.model(), True)


def test_topics_and_model_are_dataclasses(client: TopicsClient) -> None:
    topics = client.topics()
    assert [one.label for one in topics] == list(range(46))
    assert (topics[16].topic, topics[16].name, topics[16].support) == ("crude", "Crude oil", 26)
    assert client.model().manifest["encoding"]["size"] == 300


def test_wrong_value_is_raised_with_the_problem(client: TopicsClient) -> None:
    with pytest.raises(InvalidRequestError, match="top_k") as caught:
        client.predict("gold", top_k=47)
    problem = caught.value.problem
    assert (problem.status, problem.instance, problem.errors[0][0]) == (422, "/predict", "top_k")
    assert len(problem.request_id) == 32


def test_async_wrong_value_is_raised_bare_and_not_as_a_group(server: RunningServer) -> None:
    async def ask() -> None:
        async with AsyncTopicsClient(server.url) as other:
            await other.predict_batch(["gold"] * 2000 + [""])

    with pytest.raises(InvalidRequestError, match="must not be empty"):
        asyncio.run(ask())


def test_text_too_large_for_any_request_is_raised(tiny_bundle: Path) -> None:
    with (
        RunningServer(tiny_bundle, max_body_bytes=5000) as server,
        TopicsClient(server.url, retries=0) as client,
    ):
        # Together they are too large and are halved; the last one is too large alone.
        assert len(client.predict_batch(["gold " * 300] * 9)) == 9
        with pytest.raises(TooLargeError):
            client.predict_batch(["gold", "gold " * 1200])


def test_wrong_key_is_unauthorized(tiny_bundle: Path) -> None:
    with RunningServer(tiny_bundle, api_keys="right") as server:
        with TopicsClient(server.url, api_key="wrong") as client, pytest.raises(UnauthorizedError):
            client.predict("gold")
        with TopicsClient(server.url, api_key="right") as client:
            assert client.predict("gold").best is not None


def test_missing_server_is_unreachable_in_time() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        begun = time.monotonic()
        with TopicsClient(url, timeout=1) as client, pytest.raises(UnreachableError, match="ConnectError"):
            client.predict("gold")
    assert time.monotonic() - begun < 10


def test_silent_server_is_unreachable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with TopicsClient(url, timeout=0.5) as client, pytest.raises(UnreachableError, match="ReadTimeout"):
            client.predict("gold")


def test_threads_share_a_client(client: TopicsClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.predict, HEADLINES * 25))
    assert answers == [client.predict(one) for one in HEADLINES] * 25


def test_while_the_server_refuses_every_batch_is_answered_in_the_end(tiny_bundle: Path) -> None:
    texts = ["oil prices and wheat harvest " * 100] * 400
    with (
        RunningServer(tiny_bundle, max_batch=400, max_in_flight=400) as server,
        TopicsClient(server.url, timeout=60, retries=50) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        batches = list(pool.map(client.predict_batch, [texts] * 8))
        refused = [line for line in server.get("/metrics").body.decode().splitlines() if 'reason="overloaded"' in line]
    assert [len(one) for one in batches] == [400] * 8
    assert refused, "nothing was refused, so nothing was tried again"


def test_while_the_server_refuses_a_client_without_retries_raises(tiny_bundle: Path) -> None:
    texts = ["oil prices and wheat harvest " * 100] * 400
    with (
        RunningServer(tiny_bundle, max_batch=400, max_in_flight=400) as server,
        TopicsClient(server.url, retries=0) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        futures = [pool.submit(client.predict_batch, texts) for _ in range(12)]
        errors = [error for one in futures if (error := one.exception()) is not None]
    assert errors
    assert all(isinstance(one, UnavailableError) for one in errors)
    assert {one.problem.status for one in errors} == {503}


@pytest.mark.slow
def test_while_the_server_drains_and_another_takes_its_place_nothing_is_lost(tiny_bundle: Path) -> None:
    stopping = threading.Event()
    answered: list[float] = []

    def ask(client: TopicsClient) -> None:
        while not stopping.is_set():
            assert client.predict("Oil prices rise").best is not None
            answered.append(time.monotonic())

    with (
        RunningServer(tiny_bundle, drain_seconds=0.5) as first,
        TopicsClient(first.url, retries=50) as client,
        ThreadPoolExecutor(3) as pool,
    ):
        futures = [pool.submit(ask, client) for _ in range(3)]
        wait_for(lambda: len(answered) > 10)
        asked_to_go = time.monotonic()
        assert first.stop() == 0
        gone = time.monotonic()
        with RunningServer(tiny_bundle, command=("-m", "app", "serve", "--port", str(first.port))):
            back = len(answered)
            wait_for(lambda: len(answered) > back or any(one.done() for one in futures))
            stopping.set()
            for one in futures:
                one.result(timeout=30)
    assert any(asked_to_go < at < gone for at in answered), "draining, the server no longer answered"


@pytest.mark.parametrize("kind", ["two", "hundreds", "strange"])
def test_client_reads_as_many_topics_as_any_bundle_has(tmp_path: Path, kind: str) -> None:
    topics = any_bundles.BUNDLES[kind][0]
    with RunningServer(any_bundles.write(tmp_path / kind, kind)) as server, TopicsClient(server.url) as client:
        answers = client.predict_batch([word for _, word in topics.values()], top_k=len(topics))
        assert [one.best.topic for one in answers if one.best] == list(topics)
        assert {len(one.predictions) for one in answers} == {len(topics)}
        assert [one.topic for one in client.topics()] == list(topics)
        with pytest.raises(InvalidRequestError, match=f"at most {len(topics)}"):
            client.predict("x", top_k=len(topics) + 1)
