"""When the client retries, and how long it waits, without a network and without sleeping."""

import json
import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from topics_client import exchange as exchange_module
from topics_client.batches import MAX_BYTES, MAX_HEADLINES, split
from topics_client.errors import (
    DeadlineError,
    InvalidRequestError,
    InvalidResponseError,
    ProblemError,
    UnavailableError,
    UnreachableError,
)
from topics_client.exchange import MAX_ANSWER_BYTES, Reply, Send, Sleep, exchange

PROBLEM = {"title": "Service overloaded", "status": 503, "detail": "full", "type": "about:blank"}


def response(status: int, value: object = None, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, httpx2.Headers(names), json.dumps(value).encode())


def walk(*came: object, timeout: float = 30, retries: int = 5) -> tuple[object, list[float]]:
    """The result for these answers in turn, and the pauses between them."""
    steps = exchange("POST", "/predict", {}, timeout, retries)
    answers = iter(came)
    pauses: list[float] = []
    step = next(steps)
    while True:
        assert isinstance(step, Send | Sleep)
        if isinstance(step, Sleep):
            pauses.append(step.seconds)
            given = None
        else:
            given = next(answers)
        try:
            step = steps.send(given)
        except StopIteration as end:
            return end.value, pauses


def test_answer_is_returned_without_a_pause() -> None:
    assert walk(response(200, {"a": 1})) == ({"a": 1}, [])


@pytest.mark.parametrize("status", [429, 502, 503])
def test_unavailable_is_retried(status: int) -> None:
    result, pauses = walk(response(status, PROBLEM), response(status, PROBLEM), response(200, {"a": 1}))
    assert result == {"a": 1}
    assert len(pauses) == 2
    assert 0.05 <= pauses[0] <= 0.15
    assert 0.1 <= pauses[1] <= 0.3


def test_pauses_double_up_to_five_seconds_with_half_as_much_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges: list[tuple[float, float]] = []
    monkeypatch.setattr(exchange_module.random, "uniform", lambda low, high: ranges.append((low, high)) or 1.0)
    _, pauses = walk(*[response(503, PROBLEM)] * 8, response(200, {}), timeout=60, retries=8)
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
    assert set(ranges) == {(0.5, 1.5)}


def test_pause_is_finite_after_any_number_of_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module.random, "uniform", lambda _low, high: high)
    _, pauses = walk(*[response(503, PROBLEM)] * 1_100, response(200, {}), timeout=1e6, retries=1_100)
    assert max(pauses) == pauses[-1] == pytest.approx(7.5)


def test_pause_after_a_lost_connection_doubles_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module.random, "uniform", lambda *_: 1.0)
    _, pauses = walk(httpx2.ReadError("reset"), httpx2.ConnectError("refused"), response(200, {}))
    assert pauses == pytest.approx([0.1, 0.2])


def test_pause_that_ends_at_the_deadline_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module.random, "uniform", lambda *_: 1.0)
    monkeypatch.setattr(exchange_module.time, "monotonic", lambda: 100.0)
    with pytest.raises(UnavailableError):
        walk(response(503, PROBLEM), timeout=0.1)
    assert walk(response(503, PROBLEM), response(200, 1), timeout=0.11) == (1, [pytest.approx(0.1)])


def test_request_after_a_pause_gets_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(exchange_module.time, "monotonic", lambda: now[0])
    steps = exchange("GET", "/topics", None, 10, 1)
    assert next(steps) == Send("GET", "/topics", {"X-Request-Timeout": "10.000"}, None, 10.0)
    assert isinstance(steps.send(response(503, PROBLEM)), Sleep)
    now[0] = 104.5
    assert steps.send(None) == Send("GET", "/topics", {"X-Request-Timeout": "5.500"}, None, 5.5)


def test_request_gets_a_millisecond_where_no_time_is_left() -> None:
    assert next(exchange("GET", "/topics", None, 0.0, 0)) == Send(
        "GET", "/topics", {"X-Request-Timeout": "0.001"}, None, 0.001
    )


def test_no_limit_is_no_header() -> None:
    assert next(exchange("POST", "/predict", {"a": 1}, math.inf, 0)) == Send("POST", "/predict", {}, {"a": 1}, math.inf)


def test_without_retries_the_first_refusal_is_raised() -> None:
    with pytest.raises(UnavailableError):
        walk(response(503, PROBLEM), retries=0)


def test_retry_after_in_seconds_is_honoured() -> None:
    _, [pause] = walk(response(503, PROBLEM, Retry_After="3"), response(200, {}))
    assert 3 <= pause <= 3.2


def test_retry_after_as_a_date_is_honoured() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=7), usegmt=True)
    _, [pause] = walk(response(503, PROBLEM, Retry_After=date), response(200, {}))
    assert 5.5 <= pause <= 7.2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("3", 3),
        ("1.5", 0),
        ("Wed, 21 Oct 2015 07:28:09 GMT", 9),
        ("Wed, 21 Oct 2015 09:28:09 +0200", 9),
        ("Wed, 21 Oct 2015 07:28:09 -0000", 9),  # no zone is UTC
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0),  # in the past
    ],
)
def test_retry_after_comes_before_the_pause(value: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2015, 10, 21, 7, 28, tzinfo=UTC)

    monkeypatch.setattr(exchange_module, "datetime", Clock)
    monkeypatch.setattr(exchange_module.random, "uniform", lambda *_: 1.0)
    _, pauses = walk(response(503, PROBLEM, Retry_After=value), response(200, {}))
    assert pauses == [pytest.approx(seconds + 0.1)]


def test_retry_after_beyond_the_time_is_raised_at_once() -> None:
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match="Service overloaded"):
        walk(response(503, PROBLEM, Retry_After="60"), timeout=30)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("value", ["3601", "9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_retry_after_of_more_than_an_hour_is_raised_at_once_without_a_timeout(value: str) -> None:
    with pytest.raises(UnavailableError, match="full"):
        walk(response(503, PROBLEM, Retry_After=value), timeout=math.inf)


def test_service_that_stays_full_is_unavailable_after_the_last_retry() -> None:
    with pytest.raises(UnavailableError):
        walk(*[response(503, PROBLEM)] * 3, retries=2)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidRequestError), (422, InvalidRequestError), (500, ProblemError), (504, DeadlineError)],
)
def test_permanent_errors_are_not_retried(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        walk(response(status, PROBLEM, Retry_After="0"), response(200, {}))


def test_lost_connection_is_retried_because_predictions_change_nothing() -> None:
    assert walk(httpx2.ReadError("reset"), response(200, {"a": 1}))[0] == {"a": 1}


def test_connection_that_stays_lost_is_unreachable_with_its_cause() -> None:
    with pytest.raises(UnreachableError, match="ConnectError: refused") as caught:
        walk(*[httpx2.ConnectError("refused")] * 2, retries=1)
    assert isinstance(caught.value.__cause__, httpx2.ConnectError)


def test_service_receives_the_remaining_time() -> None:
    step = next(exchange("GET", "/topics", None, 2.5, 0))
    assert isinstance(step, Send)
    assert 2.4 < float(step.headers["X-Request-Timeout"]) <= 2.5


def test_error_that_is_no_problem_document_is_quoted() -> None:
    with pytest.raises(ProblemError, match="proxy error"):
        walk(Reply(500, {}, b"<html>proxy error</html>"))


@pytest.mark.parametrize(
    "content", [b"<html>login</html>", b"", b"\xff\xfe{", b"[" * 100_000, b'{"a": NaN}', b"1" * 5_000, b"{'a': 1}"]
)
def test_answer_that_is_not_json_is_an_invalid_response_with_its_cause(content: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="/predict: the answer is not this service's JSON") as caught:
        walk(Reply(200, {}, content))
    assert isinstance(caught.value.__cause__, ValueError | RecursionError)


def test_redirect_is_not_followed_but_named() -> None:
    with pytest.raises(InvalidResponseError, match="status 307, a redirect to https://there/"):
        walk(response(307, Location="https://there/"))


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Location": "/" + "a" * 250}, f", a redirect to /{'a' * 199}: give the client that service's URL."),
        ({}, "."),
    ],
)
def test_status_that_is_no_answer_is_named(headers: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        walk(response(302, **headers))
    assert str(caught.value) == f"/predict: the answer has status 302{told}"


@pytest.mark.parametrize("status", [204, 399])
def test_status_below_400_is_not_a_problem(status: int) -> None:
    with pytest.raises(InvalidResponseError, match=f"status {status}"):
        walk(response(status, PROBLEM))


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (httpx2.ReadTimeout(""), UnreachableError, "/predict: no answer within 30 s (ReadTimeout)."),
        (httpx2.ConnectTimeout("slow"), UnreachableError, "/predict: no answer within 30 s (ConnectTimeout: slow)."),
        (httpx2.ReadError(""), UnreachableError, "/predict: no answer (ReadError)."),
        (
            httpx2.DecodingError("gzip"),
            InvalidResponseError,
            "/predict: the answer cannot be read (DecodingError: gzip).",
        ),
    ],
)
def test_error_in_place_of_an_answer_is_one_sentence(error: Exception, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind) as caught:
        walk(error, retries=0)
    assert (str(caught.value), caught.value.__cause__) == (told, error)


def test_answer_may_have_128_mebibytes() -> None:
    assert MAX_ANSWER_BYTES == 134_217_728


def test_answer_that_cannot_be_decoded_is_not_retried() -> None:
    with pytest.raises(InvalidResponseError, match="DecodingError: gzip") as caught:
        walk(httpx2.DecodingError("gzip"), response(200, {}))
    assert isinstance(caught.value.__cause__, httpx2.DecodingError)


def test_time_that_ran_out_is_named_with_its_cause() -> None:
    with pytest.raises(UnreachableError, match=r"no answer within 2.5 s \(ReadTimeout: slow\)") as caught:
        walk(httpx2.ReadTimeout("slow"), timeout=2.5, retries=0)
    assert isinstance(caught.value.__cause__, httpx2.ReadTimeout)


@pytest.mark.parametrize("value", ["99999999999999999999999", "Wed, 21 Oct 9999 07:28:00 GMT", "soon", "-1", "1.5"])
def test_retry_after_of_any_kind_is_no_crash(value: str) -> None:
    with pytest.raises(UnavailableError):
        walk(*[response(503, PROBLEM, Retry_After=value)] * 2, retries=1)


@pytest.mark.parametrize("errors", [None, {}, "no", [None], [{"field": 1}], [["headlines.0", "x"]]])
def test_problem_with_foreign_errors_is_still_a_problem(errors: object) -> None:
    with pytest.raises(InvalidRequestError, match="full"):
        walk(response(422, PROBLEM | {"errors": errors}))


def test_parts_are_as_large_as_a_request_may_be_and_keep_the_order() -> None:
    headlines = [str(number) for number in range(2 * MAX_HEADLINES + 1)]
    parts = list(split(iter(headlines)))
    assert [len(part) for part in parts] == [MAX_HEADLINES, MAX_HEADLINES, 1]
    assert [one.text for part in parts for one in part] == headlines
    assert [one.place for part in parts for one in part] == list(range(len(headlines)))


def test_full_part_goes_without_waiting_for_the_next_headline() -> None:
    taken: list[int] = []
    texts = (taken.append(number) or "gold" for number in range(1000))
    assert len(next(split(texts, 10))) == 10
    assert len(taken) == 10


def test_parts_stay_below_the_bytes_of_a_body() -> None:
    parts = list(split(["é" * 20_000] * 300))
    assert len(parts) == 3
    assert all(sum(len(one.text.encode()) for one in part) <= MAX_BYTES for part in parts)


def test_text_larger_than_a_part_goes_alone() -> None:
    assert [len(part) for part in split(["a", "b" * (MAX_BYTES + 1), "c"])] == [1, 1, 1]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (httpx2.ConnectError("refused"), "ConnectError: refused"),
        (response(503, PROBLEM), "status 503"),
    ],
)
def test_timeout_of_a_retry_names_the_failure_before_it(before: object, said: str) -> None:
    with pytest.raises(UnreachableError, match=f"no answer within 30 s .*late; the attempt before it: {said}"):
        walk(before, httpx2.ConnectTimeout("late"), retries=1)
