"""The query parameter `model`, which chooses one of the models in service."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError

from app.api.field_errors import MAX_UNKNOWN, error_at
from app.near_names import near_names

NAME = "model"

MODEL_PARAMETER: dict[str, Any] = {
    "name": NAME,
    "in": "query",
    "required": False,
    "description": "NAME or NAME/VERSION of a model in service; `models` of GET /model lists all. NAME alone means the"
    " first listed model with this name, which need not be the highest version. Default: the first of all.",
    "schema": {"type": "string"},
}


def model_parameter(scope: Mapping[str, Any], fields: Collection[str] = ()) -> str | None:
    """The value of the parameter; None if the URL does not have it.

    `fields`: of the body, suggested in the error. Raises ValidationError for other parameters, and for a second model.
    """
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    errors = [
        error_at(("query", name), f"unknown query parameter; {_hint(name, fields)}")
        for name in [name for name, _ in given if name != NAME][:MAX_UNKNOWN]
    ]
    models = [value for name, value in given if name == NAME]
    if len(models) > 1:
        errors.append(error_at(("query", NAME), "is given more than once"))
    if errors:
        raise ValidationError.from_exception_data("Query", errors)
    return models[0] if models else None


def _hint(name: str, fields: Collection[str]) -> str:
    near = near_names(name, [NAME, *fields])
    if near and NAME not in near:
        return f"{near[0]} is a field of the JSON body"
    return f"did you mean {NAME}?" if near else f"the only one is {NAME}"
