"""How both clients handle answers of other servers."""

import gzip
import itertools
import json

import httpx2
import pytest
from topics_client import (
    InvalidResponseError,
    ProblemError,
    UnreachableError,
)

from tests.client.foreign_server import ForeignServer, http
from tests.client.mock_service import ANSWER, HEAD, MODEL, SINGLE, WORDS, Ask, awaited, blocking, both, client


@both
def test_answer_without_end_is_refused_by_its_size(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topics_client.exchange.MAX_ANSWER_BYTES", 1_000_000)
    with (
        ForeignServer(lambda: itertools.chain([HEAD + b"\r\n"], itertools.repeat(b"a" * 65536))) as server,
        pytest.raises(InvalidResponseError, match="more than 1,000,000 bytes"),
    ):
        ask(server.url)


@both
def test_gzip_bomb_is_refused_by_its_size(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topics_client.exchange.MAX_ANSWER_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(50_000_000))
    with (
        ForeignServer(lambda: http(bomb, "Content-Encoding: gzip")) as server,
        pytest.raises(InvalidResponseError, match="more than 1,000,000 bytes"),
    ):
        ask(server.url)


@both
@pytest.mark.parametrize("headers", [["Content-Encoding: gzip, gzip"], ["Content-Encoding: gzip"] * 2], ids=str)
def test_answer_compressed_repeatedly_is_refused_before_it_is_decompressed(ask: Ask, headers: list[str]) -> None:
    nothing = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\0\0\xff\xff" * 200_000  # gzip of empty blocks only
    bomb = gzip.compress(nothing)
    with (
        ForeignServer(lambda: http(bomb, *headers)) as server,
        pytest.raises(InvalidResponseError, match="more than one Content-Encoding"),
    ):
        ask(server.url)


@both
def test_answer_of_millions_of_values_is_refused_unparsed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps(SINGLE).encode()
    values = sum(answer.count(one) for one in b"[{,:")
    monkeypatch.setattr("topics_client.exchange.MAX_JSON_SEPARATORS", values)
    with ForeignServer(lambda: http(answer)) as server:
        assert ask(server.url).predictions
        monkeypatch.setattr("topics_client.exchange.MAX_JSON_SEPARATORS", values - 1)
        with pytest.raises(InvalidResponseError, match=f"more than {values - 1} opening brackets, commas and colons"):
            ask(server.url)


FOREIGN: dict[str, list[bytes]] = {
    "HTML": http(b"<html>login</html>", "Content-Type: text/html"),
    "empty": http(b""),
    "no content": http(b"", status="204 No Content"),
    "redirect": http(b"", "Location: https://elsewhere.example/predict", status="301 Moved Permanently"),
    "redirect to nowhere": http(b"", status="302 Found"),
    "not modified": http(b"", status="304 Not Modified"),
    "broken gzip": http(b"\x1f\x8b\x08no gzip", "Content-Encoding: gzip"),
    "cut gzip": http(gzip.compress(json.dumps(SINGLE).encode() * 9)[:30], "Content-Encoding: gzip"),
    "unknown charset": http(b"\xff\xfe\xfa", "Content-Type: application/json; charset=klingon"),
    "charset that is no text": http(b"\xff\xfe\xfa", "Content-Type: application/json; charset=base64"),
    "list": http(b"[]"),
    "null": http(b"null"),
    "text": http(b'"gold"'),
    "no fields": http(b"{}"),
    "deep": http(b"[" * 200_000),
    "NaN": http(json.dumps(SINGLE).replace("0.9", "NaN").encode()),
    "infinite": http(json.dumps(SINGLE).replace("0.9", "1e999").encode()),
    "longer than a float": http(json.dumps(SINGLE).replace("0.9", "9" * 400).encode()),
    **{
        f"{name}={value!r}": http(json.dumps(SINGLE | {name: value}).encode())
        for name, value in [
            ("predictions", None),
            ("predictions", {}),
            ("predictions", [None]),
            ("predictions", [{"topic": "gold"}]),
            ("predictions", [ANSWER["predictions"][0] | {"probability": "0.9"}]),
            ("predictions", [ANSWER["predictions"][0] | {"probability": True}]),
            ("predictions", [ANSWER["predictions"][0] | {"label": 1.5}]),
            ("words", None),
            ("words", WORDS | {"unknown": "gold"}),
            ("words", WORDS | {"unknown": [1]}),
            ("model", "tiny"),
            ("model", {}),
            ("abstained", 0),
            ("topic_set", "gold"),
            ("explanation", []),
            ("explanation", {"topic": "gold"}),
        ]
    },
}


@pytest.mark.parametrize("answer", FOREIGN)
def test_foreign_answer_is_an_invalid_response(answer: str) -> None:
    with ForeignServer(lambda: FOREIGN[answer]) as server:
        with pytest.raises(InvalidResponseError):
            blocking(server.url, retries=3)
        assert server.connections == 1, "it was asked for again"


@pytest.mark.parametrize("answer", ["HTML", "broken gzip", "redirect", "no fields"])
def test_foreign_answer_is_an_invalid_response_for_the_awaited_client_too(answer: str) -> None:
    with ForeignServer(lambda: FOREIGN[answer]) as server, pytest.raises(InvalidResponseError):
        awaited(server.url)


@both
@pytest.mark.parametrize("answer", [b"", b"\x00\x01\x02", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 banana\r\n\r\n", HEAD])
def test_what_is_not_http_is_unreachable_with_its_cause(ask: Ask, answer: bytes) -> None:
    with ForeignServer(lambda: [answer]) as server, pytest.raises(UnreachableError) as caught:
        ask(server.url, retries=1, timeout=5)
    assert isinstance(caught.value.__cause__, httpx2.TransportError)


@pytest.mark.parametrize("answer", [http(b"<p>gone", status="404 Not Found"), http(b"\xff\xfe", status="500 x")])
def test_error_of_a_proxy_is_a_problem_error(answer: list[bytes]) -> None:
    with ForeignServer(lambda: answer) as server, pytest.raises(ProblemError):
        blocking(server.url)


def test_fields_that_a_later_service_adds_are_ignored() -> None:
    later = SINGLE | {"further": 0.3, "abstained": "later", "words": WORDS | {"more": 1}, "topic_set": ["gold"]}
    with ForeignServer(lambda: http(json.dumps(later).encode())) as server:
        answer = blocking(server.url)
    assert (answer.abstained, answer.topic_set, answer.predictions[0].probability) == ("later", ("gold",), 0.9)


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"results": None, "model": MODEL}, {"results": [ANSWER], "model": []}]
)
def test_foreign_batch_topics_and_model_are_invalid_responses(answer: object) -> None:
    one = client(lambda _: httpx2.Response(200, json=answer))
    for ask in (lambda: one.predict_batch(["gold"]), one.topics, one.model):
        with pytest.raises(InvalidResponseError):
            ask()
