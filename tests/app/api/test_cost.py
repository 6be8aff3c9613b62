"""Bounds on the cost of one request: size of its response, and time that it blocks the event loop."""

import asyncio
import gc
import json
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.open_inference import infer as infer_module
from app.api.open_inference.tensors import RequestedOutput, elements
from app.api.request_body import parse_body
from app.api.schemas import BatchRequest
from app.classifier import Explainer, explanation, load_classifier
from app.errors import BodyTooLargeError
from app.main import create_app
from app.serving import parse_turns
from app.serving.chunks import CHUNK_TEXTS
from app.settings import load_settings
from tests.any_bundles import numbered
from tests.app.asgi import post_scope
from tests.app.conftest import Start
from tests.tiny_bundle import KEYWORDS, write_any_bundle

INFER = "/v2/models/tiny/infer"
TOPICS = 46


def most_bytes(request: int, texts: int, topics: int, explained: int = 0) -> int:
    """The bound stated in docs/decisions/0016-answer-size.md."""
    return 1_000 + texts * (300 + 120 * topics + 25 * TOPICS) + 120 * explained + 3 * request


def batch(texts: Iterable[str], **fields: object) -> bytes:
    return json.dumps({"headlines": list(texts), **fields}, ensure_ascii=False).encode()


def single(text: str, **fields: object) -> bytes:
    return json.dumps({"headline": text, **fields}, ensure_ascii=False).encode()


def infer(texts: list[str], *outputs: str, classes: int = 0, **fields: object) -> bytes:
    tensor = {"name": "headline", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    asked: list[dict[str, Any]] = [{"name": name} for name in outputs]
    if classes:
        asked.append({"name": "probabilities", "parameters": {"classification": classes}})
    return json.dumps({"inputs": [tensor], "outputs": asked, **fields}, ensure_ascii=False).encode()


# Short, unknown, distinct words take two quotes and a comma each in the response; `İ` grows when lowercased.
SHORT_WORDS = " ".join(chr(code) for code in range(0xC0, 0x500) if chr(code).isalpha())
LIVELY = " ".join(next(iter(words.split())) for words in KEYWORDS.values())
ALL = ("topic", "probability", "probabilities", "abstained")
COSTLY = {
    "one known letter and all topics": ("/predict", single("a", top_k=46), 1, 46, 0),
    "short unknown words": ("/predict", single(SHORT_WORDS, top_k=46), 1, 46, 0),
    "words that grow in lower case": ("/predict", single("İ" * 20_000), 1, 5, 0),
    "escaped control characters": ("/predict", single("\x01" * 19_000 + " \x02\x7f"), 1, 5, 0),
    "explained short words": ("/predict", single("a " * 200, explain=True), 1, 5, 200),
    "explained long words": (
        "/predict",
        single(" ".join(f"{'İ' * 90}{n}" for n in range(200)), explain=True),
        1,
        5,
        200,
    ),
    "1,000 letters and all topics": ("/predict/batch", batch(["a"] * 1000, top_k=46), 1000, 46, 0),
    "1,000 lively texts and all topics": ("/predict/batch", batch([LIVELY] * 1000, top_k=46), 1000, 46, 0),
    "1,000 texts of short unknown words": ("/predict/batch", batch([SHORT_WORDS] * 1000), 1000, 5, 0),
    "1,000 unknown letters": ("/predict/batch", batch(["é"] * 1000, top_k=46), 1000, 46, 0),
    "all outputs": (INFER, infer(["a"] * 1000, *ALL), 1000, 46, 0),
    "all topics as text": (INFER, infer(["a"] * 1000, "topic", "probability", "abstained", classes=46), 1000, 46, 0),
    "longest ID": (INFER, infer(["a"], id="\x01" * 1000), 1, 1, 0),
    "parameters": (INFER, infer(["a"], parameters={f"p{n}": n for n in range(50_000)}), 1, 1, 0),
}


@pytest.mark.parametrize("name", COSTLY)
def test_answer_is_no_larger_than_its_request_allows(client: TestClient, name: str):
    path, body, texts, topics, explained = COSTLY[name]
    reply = client.post(path, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 200
    assert len(reply.content) <= most_bytes(len(body), texts, topics, explained)


def test_answer_to_binary_tensors_is_no_larger_than_its_request_allows(client: TestClient):
    texts = b"".join(struct.pack("<I", 1) + b"a" for _ in range(1000))
    tensor = {"name": "headline", "shape": [1000], "datatype": "BYTES", "parameters": {"binary_data_size": len(texts)}}
    asked = [{"name": name, "parameters": {"binary_data": True}} for name in ALL]
    asked[2]["parameters"] = {"binary_data": True, "classification": 46}
    head = json.dumps({"inputs": [tensor], "outputs": asked}).encode()
    reply = client.post(INFER, content=head + texts, headers={"Inference-Header-Content-Length": str(len(head))})
    assert reply.status_code == 200
    assert len(reply.content) <= most_bytes(len(head + texts), 1000, 46)


async def ask(app: FastAPI, path: str, body: bytes, hangs_up: asyncio.Event | None = None) -> int | None:
    """Status of the response, or None without one."""
    statuses: list[int] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    del body  # any remaining reference is in the app

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await (hangs_up or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    await app(post_scope(path), receive, send)
    return statuses[0] if statuses else None


def turns_of_others(model: Path, path: str, bodies: list[bytes], status: int = 200) -> int:
    """Number of event loop iterations of another task while concurrent requests are answered."""

    async def main() -> int:
        app = create_app(load_settings(model=model, access_log=False))
        async with app.router.lifespan_context(app):
            app.state.service.model().batcher._alone = False  # as under load
            turns = 0

            async def others() -> None:
                nonlocal turns
                while True:
                    await asyncio.sleep(0)
                    turns += 1

            other = asyncio.create_task(others())
            statuses = await asyncio.gather(*(ask(app, path, body) for body in bodies))
            other.cancel()
        assert statuses == [status] * len(bodies)
        return turns

    return asyncio.run(main())


LONG = {
    "words": "oil prices rise " * 1250,
    "letters": "a " * 10_000,
    "one word": "a" * 20_000,
    "separators": "a" + "!" * 19_999,
    "combining marks": "o" + "\u0301" * 19_999,
    "not ASCII": "\u00e9 " * 10_000,
    "beyond the basic plane": "\U0001d52c " * 10_000,
    "unknown": " ".join(f"{n:x}" for n in range(4_000))[:20_000],
}


def test_batches_cause_no_garbage_collection(tiny_bundle: Path):
    collections: list[str] = []

    async def main() -> None:
        app = create_app(load_settings(model=tiny_bundle, access_log=False))
        async with app.router.lifespan_context(app):
            gc.callbacks.append(lambda phase, _: collections.append(phase))
            for _ in range(20):
                assert await ask(app, "/predict/batch", batch(["oil prices rise"] * 100)) == 200

    gc.set_threshold(700, 10, 10)  # Python's, instead of what an earlier test has set
    try:
        asyncio.run(main())
    finally:
        gc.callbacks.pop()
    assert len(collections) <= 2  # start and end of one


def test_batch_of_long_texts_yields_after_each(tiny_bundle: Path):
    assert turns_of_others(tiny_bundle, "/predict/batch", [batch([LONG["words"]] * 20)]) >= 19


def test_single_long_texts_that_arrive_together_yield_after_each(tiny_bundle: Path):
    assert turns_of_others(tiny_bundle, "/predict", [single(LONG["words"])] * 20) >= 19


SLOW_TO_PARSE = {
    "fields": ("/predict", b'{"headline":"oil",%b}' % b",".join(b'"%d":1' % n for n in range(50_000))),
    "fields of a batch": ("/predict/batch", b'{"headlines":{%b}}' % b",".join(b'"%d":1' % n for n in range(50_000))),
    "arrays": (INFER, infer([]).replace(b"[]", b"[%b]" % b",".join([b"[]"] * 200_000), 1)),
}


@pytest.mark.parametrize(("path", "body"), SLOW_TO_PARSE.values(), ids=SLOW_TO_PARSE)
def test_bodies_that_are_slow_to_parse_leave_time_to_others(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, path: str, body: bytes
):
    monkeypatch.setattr(parse_turns, "MAX_WAIT_SECONDS", 60.0)  # a busy machine takes seconds for the four
    assert turns_of_others(tiny_bundle, path, [body] * 4, 422) > 100


def quickest(do: Callable[[], object]) -> float:
    """CPU time of a call in seconds, best of five."""
    times = []
    for _ in range(5):
        begun = time.thread_time()
        do()
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("name", LONG)
def test_no_text_takes_much_longer_than_a_chunk_of_headlines(tiny_bundle: Path, name: str):
    classifier = load_classifier(tiny_bundle)
    headlines = [f"Oil prices rise as OPEC cuts crude output by {n} pct" for n in range(CHUNK_TEXTS)]
    plain = quickest(lambda: classifier.classify(headlines))
    assert quickest(lambda: classifier.classify([LONG[name]])) < 20 * plain  # 1 to 4 times


@pytest.mark.parametrize("name", ["one word", "separators", "combining marks", "long words", "one reference"])
def test_locating_words_takes_no_longer_than_some_chunks_of_headlines(tiny_bundle: Path, name: str):
    text = {**LONG, "long words": f"\u00e9{'b' * 98} " * 200, "one reference": "&eacute;" + "a" * 19_992}[name]
    encoder = load_classifier(tiny_bundle).encoder
    headlines = [f"Oil prices rise as OPEC cuts crude output by {n} pct" for n in range(CHUNK_TEXTS)]
    plain = quickest(lambda: [encoder.locate(headline) for headline in headlines])
    assert quickest(lambda: encoder.locate(text)) < 6 * plain  # 1 to 3 times


def test_no_body_takes_much_longer_to_read_than_one_of_texts():
    validate = BatchRequest.__pydantic_validator__.validate_json
    plain = batch([LONG["words"]] * 400)
    texts = quickest(lambda: parse_body(validate, plain))
    for unit in (b'{"a":[{}]},', b'"a",', b"[],", b"0,", b'{"a":0},'):
        hostile = b'{"headlines":["oil"],"x":[' + unit * (len(plain) // len(unit)) + b"0]}"

        def refused(hostile: bytes = hostile) -> None:
            with pytest.raises(BodyTooLargeError, match="more than 500,000 opening brackets, commas and colons"):
                parse_body(validate, hostile)

        assert quickest(refused) < 20 * texts


def test_explanation_yields_between_its_parts(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(explanation, "WORDS_AT_ONCE", 10)
    assert turns_of_others(tiny_bundle, "/predict", [single("oil " * 200, explain=True)]) >= 19


@pytest.mark.parametrize("classes", [0, 46])
def test_outputs_are_made_in_pieces(tiny_bundle: Path, classes: int):
    outputs = ("topic", "probability", "abstained") if classes else ALL
    assert turns_of_others(tiny_bundle, INFER, [infer(["oil"] * 1000, *outputs, classes=classes)]) >= 9


@pytest.fixture(scope="module")
def many_topics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with 1,000 labels, all of which any text has."""
    folder = tmp_path_factory.mktemp("models") / "many"
    return write_any_bundle(folder, numbered(1_000), format=4, multi_label={"thresholds": [0.001] * 1_000})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict/batch", batch(["word1"] * 100, top_k=1_000)),
        ("/predict/batch", batch(["word1"] * 100, top_k=1)),
        ("/v2/models/any/infer", infer(["word1"] * 100, "probabilities")),
        ("/v2/models/any/infer", infer(["word1"] * 100, "topic_set")),
    ],
)
def test_answers_with_many_topics_are_made_in_smaller_pieces(many_topics: Path, path: str, body: bytes):
    assert turns_of_others(many_topics, path, [body]) >= 19


def test_requests_for_many_topics_that_arrive_together_are_answered_in_smaller_pieces(many_topics: Path):
    assert turns_of_others(many_topics, "/predict", [single("word1", top_k=1_000)] * 60) >= 11


def test_set_of_many_labels_takes_no_longer_than_their_probabilities(many_topics: Path):
    classifier = load_classifier(many_topics)
    results, topics = classifier.classify(["word1"] * 5, 1_000), classifier.topics
    probabilities = quickest(lambda: elements(RequestedOutput("probabilities", False, 0), results, topics))
    assert quickest(lambda: elements(RequestedOutput("topic_set", False, 0), results, topics)) < 5 * probabilities


@pytest.mark.parametrize(
    ("path", "request_of", "field"),
    [
        ("/predict/batch", lambda texts: batch(texts, top_k=1_000), "headlines"),
        ("/v2/models/any/infer", lambda texts: infer(texts, "probabilities"), "inputs.0.shape"),
        ("/v2/models/any/infer", lambda texts: infer(texts, classes=1_000), "inputs.0.shape"),
        ("/v2/models/any/infer", lambda texts: infer(texts, "topic_set"), "inputs.0.shape"),
    ],
)
def test_batch_with_more_topics_in_its_answer_than_the_limit_is_413(
    start: Start, many_topics: Path, path: str, request_of: Callable[[list[str]], bytes], field: str
):
    client = start(model=many_topics)
    assert client.post(path, content=request_of(["word1"] * 500)).status_code == 200
    reply = client.post(path, content=request_of(["word1"] * 501))
    assert reply.status_code == 413
    message = "must have at most 500 texts with 1,000 topics each, but has 501; send them in parts"
    assert reply.json()["errors"] == [{"field": field, "message": message}]


def test_deadline_holds_while_outputs_are_made(start: Start, monkeypatch: pytest.MonkeyPatch):
    made: list[int] = []

    def slowly(one: object, results: list[object], _topics: object) -> bytes:
        made.append(len(results))
        time.sleep(0.05)
        return b""

    monkeypatch.setattr(infer_module, "elements", slowly)
    reply = start().post(INFER, content=infer(["oil"] * 1000, "topic"), headers={"x-request-timeout": "0.12"})
    assert reply.status_code == 504
    assert sum(made) < 1000


def test_explanation_past_its_deadline_is_504_and_left_undone(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(explanation, "WORDS_AT_ONCE", 10)
    done: list[range] = []

    def slowly(_: Explainer, piece: range) -> list[object]:
        done.append(piece)
        time.sleep(0.05)
        return []

    monkeypatch.setattr(Explainer, "effects", slowly)
    query = {"headline": "oil " * 200, "explain": True}
    assert start().post("/predict", json=query, headers={"x-request-timeout": "0.12"}).status_code == 504
    assert len(done) < 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", single("oil " * 200, explain=True)),
        ("/predict/batch", batch(["oil"] * 1000)),
        (INFER, infer(["oil"] * 1000, *ALL)),
    ],
)
def test_work_for_a_client_that_hung_up_stops_and_is_counted(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, path: str, body: bytes
):
    monkeypatch.setattr(explanation, "WORDS_AT_ONCE", 10)

    async def main() -> tuple[int | None, str, int]:
        app = create_app(load_settings(model=tiny_bundle, access_log=False))
        async with app.router.lifespan_context(app):
            service = app.state.service
            hangs_up = asyncio.Event()
            asked = asyncio.create_task(ask(app, path, body, hangs_up))
            for _ in range(3):
                await asyncio.sleep(0)
            assert service.limiter.in_flight
            hangs_up.set()
            status = await asked
            return status, (await service.metrics.exposition()).decode(), service.limiter.in_flight

    status, metrics, in_flight = asyncio.run(main())
    assert status is None
    assert 'topics_rejected_total{reason="client_gone"} 1.0' in metrics
    assert in_flight == 0


def test_body_is_not_kept_while_its_request_waits(tiny_bundle: Path):
    class Body(bytes):
        """Records when it is freed."""

        def __del__(self) -> None:
            freed.set()

    async def main() -> None:
        app = create_app(load_settings(model=tiny_bundle, access_log=False))
        async with app.router.lifespan_context(app):
            lane = app.state.service.limiter._lock
            await lane.acquire()
            body = Body(batch(["oil"]) + b" " * 1_000_000)
            asked = asyncio.create_task(ask(app, "/predict/batch", body))
            del body
            async with asyncio.timeout(5):
                await freed.wait()
            assert not asked.done()
            lane.release()
            assert await asked == 200

    freed = asyncio.Event()
    asyncio.run(main())


REFUSED = {
    "not JSON": ("/predict", b'{"headline":"%b'),
    "too long a text": ("/predict", b'{"headline":"%b"}'),
    "unknown field": ("/predict", b'{"headline":"oil","%b":1}'),
    "too long a text in a batch": ("/predict/batch", b'{"headlines":["oil","%b"]}'),
    "unknown input": (INFER, b'{"inputs":[{"name":"%b","datatype":"BYTES","shape":[1],"data":["oil"]}]}'),
}


@pytest.mark.parametrize(("path", "body"), REFUSED.values(), ids=REFUSED)
def test_body_of_a_refused_request_is_not_held_after_its_answer(start: Start, path: str, body: bytes):
    """Only the garbage collector frees what is in a reference cycle, and 8 MiB of text do not make it run."""
    content = body % (b"x" * 1_000_000)
    client = start()

    async def ask() -> int:
        messages = [{"type": "http.request", "body": bytes(bytearray(content)), "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await client.app(post_scope(path), receive, send)
        return sent[0]["status"]

    asyncio.run(ask())
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        assert asyncio.run(ask()) in {400, 422}
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert held < len(content) / 2
