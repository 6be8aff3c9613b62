"""Exceptions and results can be pickled."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import topics_client
from topics_client import (
    DeadlineError,
    InvalidRequestError,
    NotFoundError,
    Problem,
    ProblemError,
    Refused,
    TopicsClientError,
    UnauthorizedError,
    UnavailableError,
)
from topics_client.errors import TooLargeError, problem_error

from tests.client.mock_service import client

KINDS = [
    kind for kind in vars(topics_client).values() if isinstance(kind, type) and issubclass(kind, TopicsClientError)
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_exceptions_can_be_pickled_and_copied(kind: type[Exception], travel: Callable[[Exception], Any]) -> None:
    problem = Problem(503, "Full", "no room", request_id="1", errors=(("a", "b"),))
    error = kind(problem) if issubclass(kind, ProblemError) else kind("no answer")
    again = travel(error)
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))


@pytest.mark.parametrize("kind", KINDS)
def test_text_of_an_exception_has_no_control_characters_and_is_cut(kind: type[Exception]) -> None:
    words = "no\x1b]0;pwn\x07\x9b\u202e\n" + "a" * 5_000_000
    error = kind(Problem(422, "Wrong", words)) if issubclass(kind, ProblemError) else kind(words)
    assert "no ]0;pwn" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) == 1000
    assert not issubclass(kind, ProblemError) or error.problem.detail == words


@pytest.mark.parametrize(
    "value", [Refused(1, "is empty"), client().predict("gold"), Problem(503, "Full", "no room")], ids=type
)
def test_results_can_be_pickled_and_copied(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value


def test_problem_after_retries_is_unavailable_with_the_services_words() -> None:
    full = {"status": 503, "title": "Service overloaded", "detail": "no room", "request_id": "7"}
    with pytest.raises(UnavailableError, match=r"^Service overloaded \(503\): no room$") as caught:
        client(lambda _: httpx2.Response(503, json=full), retries=1).predict("gold")
    assert caught.value.problem.request_id == "7"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, InvalidRequestError) for status in (400, 415, 422)],
        (401, UnauthorizedError),
        *[(status, NotFoundError) for status in (404, 405)],
        (413, TooLargeError),
        *[(status, UnavailableError) for status in (429, 502, 503)],
        *[(status, DeadlineError) for status in (408, 504)],
        *[(status, ProblemError) for status in (402, 403, 414, 418, 500, 501, 505)],
    ],
)
def test_each_status_has_its_exception(status: int, kind: type[Exception]) -> None:
    assert type(problem_error(status, None, b"")) is kind


def test_problem_document_is_taken_over_whole() -> None:
    body = {
        "title": "Wrong",
        "detail": "two fields",
        "type": "https://topics/wrong",
        "instance": "/predict",
        "request_id": "7",
        "errors": [{"field": "top_k", "message": "too large"}, "no object", {"field": "explain"}, {"message": "bare"}],
    }
    errors = (("top_k", "too large"), ("explain", ""), ("", "bare"))
    expected = Problem(422, "Wrong", "two fields", "https://topics/wrong", "/predict", "7", errors)
    assert problem_error(422, body, b"{}").problem == expected


@pytest.mark.parametrize("body", [None, [], "text"])
def test_other_answer_is_quoted_up_to_200_bytes(body: object) -> None:
    problem = problem_error(500, body, b"\xff" + b"a" * 300).problem
    assert problem == Problem(
        500, "The answer is not a problem document", "\ufffd" + "a" * 199, "about:blank", "", "", ()
    )


def test_problem_without_details_is_of_no_special_type() -> None:
    assert Problem(500, "a", "b") == Problem(500, "a", "b", "about:blank", "", "", ())
