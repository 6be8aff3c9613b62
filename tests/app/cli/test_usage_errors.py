"""Suggestions for unknown options and commands; test_entry_point.py has those of the real commands."""

import click

from app.cli.usage_errors import with_near_name


def test_error_outside_a_command_stays_as_it_is() -> None:
    error = click.NoSuchOption("--hots")
    assert error.ctx is None
    assert with_near_name(error) is error
