"""Errors for unknown options and commands, with the near names that exist."""

import click

from app.near_names import near_names


def with_near_name(error: click.UsageError) -> click.UsageError:
    """The error, with suggestions of `near_names` instead of click's, which are often unlike the given name."""
    context = error.ctx
    if context is None:
        return error
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
