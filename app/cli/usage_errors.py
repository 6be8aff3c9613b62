"""Errors for unknown options, commands and arguments, with what exists instead, and for empty values."""

from collections import Counter
from typing import Any

import click

from app.near_names import near_names

EXTRA = "Got unexpected extra argument"
"""How click's message begins if there are more arguments than the command takes."""
EMPTY = "The value is empty; if it comes from a variable, set that."
"""A shell passes an empty value for a variable that is not set."""


def with_near_name(error: click.UsageError) -> click.UsageError:
    """The error, with suggestions of `near_names` instead of click's, which are often unlike the given name.

    If a command has the option --model, an argument too many is probably a bundle, as in `evaluate BUNDLE`.
    """
    context = error.ctx
    if context is None:
        return error
    if type(error) is click.UsageError and error.message.startswith(EXTRA):
        has_model = any("--model" in option.opts for option in context.command.get_params(context))
        advice = "; name a bundle with --model." if has_model else ""
        return click.UsageError(f"{error.message}{advice}", context)
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        known = [
            name for option in context.command.get_params(context) for name in option.opts if name.startswith("--")
        ]
    elif isinstance(error, click.exceptions.NoSuchCommand):
        name = error.command_name
        known = context.command.list_commands(context) if isinstance(context.command, click.Group) else []
    else:
        return error
    near = " or ".join(near_names(name, known))
    return click.UsageError(f"{error.message}{f' Did you mean {near}?' if near else ''}", context)


def each_once(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Callback of an option that may be repeated: the values, or BadParameter if one is given twice."""
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise click.BadParameter(f"{repeated[0]!r} is named more than once; name it once.", context, option)
    return names


class _NonEmpty(click.ParamType[Any]):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Convert the value, or fail with one sentence."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


class NonEmptyText(_NonEmpty, click.types.StringParamType):
    """A text that is not empty."""


class NonEmptyPath(_NonEmpty, click.Path):
    """A path that is not empty; `Path("")` would be the working folder."""
