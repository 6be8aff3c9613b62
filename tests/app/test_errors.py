"""Exceptions: the reason under which a refusal is counted, and the headers of its response."""

import pytest

from app import errors

REFUSALS = {
    errors.UnauthorizedError: "unauthorized",
    errors.SlowRequestError: "slow_request",
    errors.BodyTooLargeError: "body_too_large",
    errors.BatchTooLargeError: "batch_too_large",
    errors.NotReadyError: "not_ready",
    errors.FileLimitError: "file_limit",
    errors.OverloadedError: "overloaded",
    errors.DeadlineError: "deadline",
}
HEADERS = {
    errors.UnauthorizedError: {"WWW-Authenticate": "Bearer"},
    errors.SlowRequestError: {"Connection": "close"},
    errors.BodyTooLargeError: {"Connection": "close"},
}


def test_every_refusal_has_its_reason_and_what_is_wrong_in_itself_has_none():
    for kind in errors.ApiError.__subclasses__():
        assert kind.reason == REFUSALS.get(kind), kind


def test_answers_have_the_headers_that_their_status_requires():
    for kind in errors.ApiError.__subclasses__():
        assert kind.headers == HEADERS.get(kind), kind


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 200, "'" + "a" * 200 + "'"),
        ("a" * 201, "'" + "a" * 199 + "...'"),
        ("\x00" * 50, "'" + "\\x00" * 50 + "'"),
        ("\x00" * 200, ("'" + "\\x00" * 200)[:200] + "...'"),
    ],
)
def test_wrong_value_is_quoted_with_200_characters_at_most_escapes_included(value: str, shown: str):
    assert errors.quoted(value) == shown
