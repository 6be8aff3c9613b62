"""Validation errors for fields. Unknown fields are refused, so that misspelt ones are noticed."""

from collections.abc import Collection, Iterable
from itertools import islice

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from app.near_names import did_you_mean

MOST = 10
"""Maximum number of unknown fields or parameters in one error; a body may have a hundred thousand."""


def wrong_field(name: str, message: str) -> ValidationError:
    """A ValidationError for one field of the body."""
    return ValidationError.from_exception_data("Body", [error_at((name,), message)])


def unknown_fields(given: Iterable[str], known: Collection[str]) -> ValidationError:
    """A ValidationError for the unknown fields `given`; `known`: the allowed fields."""
    return ValidationError.from_exception_data("Body", _unknown(given, known))


def with_unknown_fields(error: ValidationError, body: bytes, known: Collection[str]) -> ValidationError:
    """`error` plus the errors for unknown fields of the body: a missing field may just be misspelt."""
    try:
        value = from_json(body)
    except ValueError:  # a number that only the validator accepts
        return error
    unknown = _unknown((name for name in value if name not in known), known) if isinstance(value, dict) else []
    if not unknown:
        return error
    others = [
        InitErrorDetails(type=PydanticCustomError(one["type"], one["msg"]), loc=one["loc"], input=None)
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:MOST]
    ]
    return ValidationError.from_exception_data(error.title, unknown + others)


def _unknown(given: Iterable[str], known: Collection[str]) -> list[InitErrorDetails]:
    errors = []
    for name in islice(given, MOST):
        hint = did_you_mean(name, known) or f"the fields are {', '.join(known)}"
        errors.append(error_at((name,), f"unknown field; {hint}"))
    return errors


def error_at(loc: tuple[str, ...], message: str) -> InitErrorDetails:
    """One error of a ValidationError, with its place and message."""
    return InitErrorDetails(type=PydanticCustomError("unknown", "{message}", {"message": message}), loc=loc, input=None)
