"""Error messages: one sentence for each invalid value, with the name of the variable or option."""

from collections.abc import Collection
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.settings.fields import Settings, option_name, variable_name
from app.settings.values import shown
from app.validation_messages import validation_message

_OWN = {"json", "key_file", "origin", "proxy"}
"""Types of the errors of our own validators, whose messages show the value."""


def message(error: ErrorDetails, options: Collection[str]) -> str:
    """The sentence for one error of pydantic; `options`: settings that were given as options."""
    if not error["loc"]:  # an error of a rule between settings, whose message names the variables
        return f"{error['msg']}."
    field = str(error["loc"][0])
    expected = _expected(Settings.model_fields[field])
    if expected is not None:
        reason = f"{shown(str(error['input']))} is not {expected}"
    elif error["type"] in _OWN or field == "api_keys":
        reason = error["msg"]
    else:  # one of pydantic's own, which does not show the value
        reason = f"{shown(str(error['input']))}: {validation_message(error)}"
    return f"{option_name(field) if field in options else variable_name(field)}: {reason}."


def _expected(field: FieldInfo) -> str | None:
    """The allowed values of a number, a choice or a boolean, for the error message; None for other settings."""
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    bounds = {
        name: getattr(limit, name) for limit in field.metadata for name in ("ge", "gt", "le") if hasattr(limit, name)
    }
    if "le" not in bounds:
        return None
    kind = "a number" if float in (field.annotation, *get_args(field.annotation)) else "a whole number"
    low = f"from {bounds['ge']:,} to" if "ge" in bounds else f"above {bounds['gt']:,} and up to"
    return f"{kind} {low} {bounds['le']:,}"
