"""The exceptions and results travel between processes."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import topics_client
from topics_client import (
    Problem,
    ProblemError,
    Refused,
    TopicsClientError,
    UnavailableError,
)

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


@pytest.mark.parametrize(
    "value", [Refused(1, "is empty"), client().predict("gold"), Problem(503, "Full", "no room")], ids=type
)
def test_results_can_be_pickled_and_copied(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value


def test_problem_after_retries_is_unavailable_with_the_services_words() -> None:
    full = {"status": 503, "title": "The service is full", "detail": "no room", "request_id": "7"}
    with pytest.raises(UnavailableError, match=r"^The service is full \(503\): no room$") as caught:
        client(lambda _: httpx2.Response(503, json=full), retries=1).predict("gold")
    assert caught.value.problem.request_id == "7"
