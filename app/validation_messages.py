"""Messages for pydantic's validation errors, with JSON terms instead of Python terms."""

from collections.abc import Mapping
from typing import Any

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number, without quotes or decimal point",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} elements",
    "too_long": "must have at most {max_length} elements",
}
"""Message by type of the error; the names in braces are those of pydantic's context."""


def validation_message(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, without its name and value, such as "must be at most 46".

    `error`: one of `ValidationError.errors()`, with its context. The message of an error with a type of its own, such
    as those raised in validators, is returned as it is.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind in {"string_too_short", "too_short"} and context["min_length"] == 1:
        return "must not be empty"
    if kind not in _MESSAGES:
        message: str = error["msg"]
        return message
    return _MESSAGES[kind].format_map({name: _shown(value) for name, value in context.items()})


def _shown(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else value
