"""Validation errors by field; unknown fields are errors too, so that misspelt ones are noticed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from app.errors import MAX_QUOTE
from app.near_names import did_you_mean
from app.validation_messages import validation_message

MAX_UNKNOWN = 10
"""Maximum number of unknown fields or parameters in one error; a body may have a hundred thousand."""

Place = tuple[Any, ...]
"""`loc` of pydantic: names and positions."""

NOWHERE: Mapping[str, str] = MappingProxyType({})
"""Default of `elsewhere`: no field belongs to another endpoint."""

_UNION_MEMBERS = {"list[str]", "list[list[str]]"}
"""Parts of a place that are not fields: pydantic names the members of the type of `data` in open_inference/schemas."""


class FieldError(BaseModel):
    """One invalid field of a request."""

    field: str = Field(
        description="Position in the body; `body`: the whole body; `query.NAME`: a query parameter.", examples=["top_k"]
    )
    message: str = Field(description="What is wrong with the field.", examples=["must be at least 1"])


def field_errors(error: ValidationError | RequestValidationError) -> list[FieldError]:
    """Field and message of each error, at most 100, without the values: errors never repeat a headline."""
    raw = error.errors(include_url=False, include_input=False) if isinstance(error, ValidationError) else error.errors()
    errors = [(_place(error["loc"]), cut(validation_message(error))) for error in _of_one_member(raw[:100])]
    return [FieldError(field=field, message=message) for field, message in dict.fromkeys(errors)]


def _of_one_member(errors: Sequence[Any]) -> list[Any]:
    """The errors without those of all but one member of each union: the member that is valid for the most elements.

    pydantic reports every member, although the caller means one: for a list of texts, also that each must be a list.
    """
    likeliest: dict[Place, Place] = {}
    for error in errors:
        union, inside = _split(error["loc"])
        if union not in likeliest or inside[1:] > likeliest[union][1:]:
            likeliest[union] = inside
    split = [(error, *_split(error["loc"])) for error in errors]
    return [error for error, union, inside in split if inside[:1] == likeliest[union][:1]]


def _split(loc: Place) -> tuple[Place, Place]:
    """The place of the union, and the member with the place in it; without a union, the second is empty."""
    at = next((number for number, part in enumerate(loc) if part in _UNION_MEMBERS), len(loc))
    return loc[:at], loc[at:]


def _place(loc: Place) -> str:
    return cut(".".join(str(part) for part in loc if part not in _UNION_MEMBERS)) if loc else "body"


def cut(text: str) -> str:
    """Limit a path or field name: callers choose these, and they may be megabytes long."""
    return text if len(text) <= MAX_QUOTE else text[:MAX_QUOTE] + "..."


def wrong_field(name: str, message: str) -> ValidationError:
    """A ValidationError for one field of the body."""
    return ValidationError.from_exception_data("Body", [error_at((name,), message)])


def unknown_fields(
    given: Iterable[str], known: Collection[str], elsewhere: Mapping[str, str] = NOWHERE
) -> ValidationError:
    """A ValidationError for the unknown fields `given`.

    `known`: the allowed fields; `elsewhere`: path of the endpoint to which a field belongs that is not allowed here.
    """
    return ValidationError.from_exception_data("Body", _unknown(given, known, elsewhere))


def with_unknown_fields(
    error: ValidationError, body: bytes, known: Collection[str], elsewhere: Mapping[str, str] = NOWHERE
) -> ValidationError:
    """`error` plus the errors for unknown fields of the body: a missing field may just be misspelt.

    `known`, `elsewhere`: as for `unknown_fields`.
    """
    value = from_json(body)  # the validator could parse it, too
    names = value if isinstance(value, dict) else ()
    unknown = _unknown((name for name in names if name not in known), known, elsewhere)
    if not unknown:
        return error
    others = [
        error_at(other["loc"], validation_message(other))
        for other in error.errors(include_url=False, include_input=False)[:MAX_UNKNOWN]
    ]
    return ValidationError.from_exception_data(error.title, unknown + others)


def _unknown(given: Iterable[str], known: Collection[str], elsewhere: Mapping[str, str]) -> list[InitErrorDetails]:
    return [error_at((name,), f"unknown field; {_hint(name, known, elsewhere)}") for name in islice(given, MAX_UNKNOWN)]


def _hint(name: str, known: Collection[str], elsewhere: Mapping[str, str]) -> str:
    if name in elsewhere:
        return f"it belongs to POST {elsewhere[name]}"
    return did_you_mean(name, known) or f"the fields are {', '.join(known)}"


def error_at(loc: Place, message: str) -> InitErrorDetails:
    """One error of a ValidationError, with its place and message."""
    return InitErrorDetails(type=PydanticCustomError("unknown", "{message}", {"message": message}), loc=loc, input=None)
