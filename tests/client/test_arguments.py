"""Arguments: wrong ones raise TypeError or ValueError; subclasses of str and NumPy numbers are accepted."""

import asyncio
import inspect
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from topics_client import (
    AsyncTopicsClient,
    TopicsClient,
)

from tests.client.mock_service import (
    aclient,
    client,
    served,
    shown,
)

URLS = [
    "",
    "localhost:8000",
    "127.0.0.1:8000",
    "/predict",
    "ftp://host",
    "http://",
    "http://a b",
    "http:///x",
    "http://h:99999",
    "http://h/a b",
]
URLS += ["http://h:port", "https://h?x=1", "http://h#x", "http://h\n", "http://[::", " http://h"]


@pytest.mark.parametrize("kind", [TopicsClient, AsyncTopicsClient])
@pytest.mark.parametrize(
    "url", ["http://us:w0rd@", "http://us:w0rd@h?x", "http://us:@/w0rd@h", "http://us:w0rd@[::", "ftp://us:w0rd@h"]
)
def test_error_about_a_url_has_no_password(kind: Any, url: str) -> None:
    with pytest.raises(ValueError, match="url") as caught:
        kind(url)
    assert "w0rd" not in str(caught.value)
    assert "us:" not in str(caught.value)


def test_user_name_and_password_of_the_url_are_sent_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["Authorization"] == "Basic dXM6dy9yZA=="  # us:w/rd
        assert request.url == "http://h/base/predict"
        return served(request)

    caplog.set_level("INFO")
    with TopicsClient("http://us:w%2Frd@h/base", transport=httpx2.MockTransport(answer)) as one:
        one.predict("gold")
    assert "http://h/base/predict" in caplog.text
    assert "rd@" not in caplog.text


@pytest.mark.parametrize("kind", [TopicsClient, AsyncTopicsClient])
@pytest.mark.parametrize("url", URLS)
def test_bad_url_is_a_value_error_at_once(kind: Any, url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        kind(url)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        *[
            ({"timeout": value}, ValueError)
            for value in (0, -1, float("nan"), float("-inf"), np.float32("nan"), 10**400)
        ],
        *[({"timeout": value}, TypeError) for value in ("1", True, [1], b"1")],
        *[({"retries": value}, TypeError) for value in (None, 1.5, "1", True)],
        ({"retries": -1}, ValueError),
        ({"api_key": b"key"}, TypeError),
        *[({"api_key": value}, ValueError) for value in ("key\n", "a\r\nX: y", " key", "k\x00")],
    ],
)
def test_wrong_option_is_named_at_once(options: dict[str, Any], kind: type[Exception]) -> None:
    for client_kind in (TopicsClient, AsyncTopicsClient):
        with pytest.raises(kind, match=next(iter(options))):
            client_kind("http://topics", **options)


@pytest.mark.parametrize("value", [0, -1, 1.5, None, True])
def test_wrong_concurrency_is_named_at_once(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="concurrency"):
        AsyncTopicsClient("http://topics", concurrency=value)


@pytest.mark.parametrize("timeout", [None, float("inf"), 1e300, 1e9 + 1, 1e9, np.float64(3), np.int64(3), 1])
def test_any_number_of_seconds_works_and_no_limit_sends_none(timeout: Any) -> None:
    seen: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("X-Request-Timeout"))
        return served(request)

    assert client(answer, timeout=timeout).predict("gold").best is not None
    assert asyncio.run(aclient(answer, timeout=timeout).predict("gold")).best is not None
    limited = timeout is not None and timeout <= 1e9
    assert all((one is not None) == limited for one in seen)


def test_key_of_any_script_is_sent_as_utf8() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert dict(request.headers.raw)[b"Authorization"] == "Bearer ключ".encode()
        return served(request)

    assert client(answer, api_key="ключ").predict("gold").best is not None
    assert client(api_key="").predict("gold").best is not None


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, TypeError), (b"gold", TypeError), (5, TypeError), (["gold"], TypeError), ("a\udfff", ValueError)],
)
def test_headline_that_is_no_text_is_named(value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^headline "):
        client().predict(value)
    with pytest.raises(kind, match=r"^headline "):
        asyncio.run(aclient().predict(value))
    with pytest.raises(kind, match=r"^headlines\[1201\] "):
        client().predict_batch(["gold"] * 1201 + [value])
    with pytest.raises(kind, match=r"^headlines\[1201\] "):
        asyncio.run(aclient().predict_batch(["gold"] * 1201 + [value]))


class Frame:
    """Iterates over column names, as a pandas DataFrame does."""

    ndim = 2

    def __iter__(self) -> Iterator[str]:
        return iter(["headline", "date"])


@pytest.mark.parametrize(
    "value", ["oil", b"oil", bytearray(b"oil"), {"headline": "oil"}, Frame(), 5, None, np.array("oil")]
)
def test_what_is_not_several_texts_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="headlines must be"):
        client().predict_batch(value)
    with pytest.raises(TypeError, match="headlines must be"):
        client().predict_iter(value)
    with pytest.raises(TypeError, match="headlines must be"):
        asyncio.run(aclient().predict_batch(value))


@pytest.mark.parametrize(
    "texts", [("gold", "oil"), {"gold": 0, "oil": 1}.keys(), np.array(["gold", "oil"]), iter(["gold", "oil"])]
)
def test_any_iterable_of_texts_works(texts: Any) -> None:
    assert shown(client().predict_batch(texts, top_k=np.int64(3))) == ["gold", "oil"]


@pytest.mark.parametrize("value", [0, -5, 1.0, "5", True, np.float64(3)])
def test_top_k_that_is_no_count_is_named(value: Any) -> None:
    for ask in (
        client().predict,
        lambda _, **more: client().predict_batch(["gold"], **more),
        lambda _, **more: asyncio.run(aclient().predict("gold", **more)),
        lambda _, **more: asyncio.run(aclient().predict_batch(["gold"], **more)),
    ):
        with pytest.raises((TypeError, ValueError), match="top_k"):
            ask("gold", top_k=value)


def test_numpys_numbers_and_texts_are_sent_as_json() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert json.loads(request.content) == {"headline": "gold", "top_k": 3, "explain": True}
        return served(request)

    one = client(answer)
    assert one.predict(np.str_("gold"), top_k=np.int32(3), explain=np.True_).best is not None
    for wrong in ("yes", 1, None):
        with pytest.raises(TypeError, match="explain"):
            one.predict("gold", explain=wrong)
    with pytest.raises(TypeError, match="explain_topic"):
        one.predict("gold", explain=True, explain_topic=5)


def test_defaults_are_the_documented_ones_and_the_same_in_both_clients() -> None:
    def defaults(kind: type, name: str) -> dict[str, Any]:
        parameters = inspect.signature(getattr(kind, name)).parameters.values()
        return {one.name: one.default for one in parameters if one.default is not one.empty}

    single = {"top_k": None, "explain": False, "explain_topic": None, "model": None}
    batch = {"top_k": None, "on_error": "raise", "model": None}
    for kind in (TopicsClient, AsyncTopicsClient):
        assert defaults(kind, "predict") == single
        assert defaults(kind, "predict_batch") == batch
        assert defaults(kind, "predict_iter") == batch | {"batch_size": 1000}
    blocking = {"api_key": None, "timeout": 30.0, "retries": 5, "transport": None}
    assert defaults(TopicsClient, "__init__") == blocking
    assert defaults(AsyncTopicsClient, "__init__") == blocking | {"concurrency": 4}


def test_transport_of_the_callers_is_given_the_seconds_that_are_left() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert all(2 < seconds <= 3 for seconds in request.extensions["timeout"].values())
        return served(request)

    assert client(answer, timeout=3).predict("gold").best is not None
    assert asyncio.run(aclient(answer, timeout=3).predict("gold")).best is not None
