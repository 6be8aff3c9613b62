"""Responses to bytes that are not a request: the problem, and its record."""

import json

from app.api.connection_errors import ConnectionErrors
from app.api.problems import Problem
from app.errors import MalformedRequestError, SlowRequestError
from app.telemetry.request_context import RequestContext


class Recorder:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.recorded: list[RequestContext] = []

    def count_refusal(self, reason: str) -> None:
        self.refused.append(reason)

    def record(self, context: RequestContext) -> None:
        self.recorded.append(context)


def test_answer_is_a_problem_with_a_request_id_and_is_recorded():
    recorder = Recorder()
    response = ConnectionErrors(recorder).answer(SlowRequestError(), 10.5, ("10.0.0.1", 5))  # type: ignore[arg-type]
    body = json.loads(bytes(response.body))
    assert response.status_code == body["status"] == 408
    assert response.headers["x-request-id"] == body["request_id"]
    assert body["instance"] == ""  # required by the OpenAPI document, so that clients need not look whether it is there
    assert "instance" in Problem.model_json_schema()["required"]
    [context] = recorder.recorded
    assert recorder.refused == [SlowRequestError.reason]
    assert (context.request_id, context.route, context.status) == (body["request_id"], "other", 408)
    assert (context.seconds, context.client) == (10.5, "10.0.0.1")


def test_without_a_recorder_it_answers_too():
    errors = ConnectionErrors()
    assert errors.answer(MalformedRequestError("x"), 0).status_code == 400
    errors.count_refusal("overloaded")


def test_connection_closed_without_a_response_is_counted():
    recorder = Recorder()
    ConnectionErrors(recorder).count_refusal("overloaded")  # type: ignore[arg-type]
    assert recorder.refused == ["overloaded"]
    assert not recorder.recorded
