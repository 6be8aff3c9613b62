"""Suggestions for unknown options and commands; test_entry_point.py has those of the real commands. Empty values."""

import click
import pytest

from app.cli.usage_errors import EMPTY, with_near_name
from tests.app.cli.running import run


def test_error_outside_a_command_stays_as_it_is() -> None:
    error = click.NoSuchOption("--hots")
    assert error.ctx is None
    assert with_near_name(error) is error


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", "-f", ""),
        ("classify", "-f", "news.csv", "--column", ""),
        ("classify", "-f", "news.csv", "--field", ""),
        ("classify", "-f", "news.csv", "--keep", ""),
        ("classify", "--model", "", "oil"),
        ("classify", "--url", "", "oil"),
        ("classify", "--engine", "ray", "", "topics"),
        ("classify", "--engine", "ray", "news", ""),
        ("classify", "--engine", "ray", "news", "topics", "--address", ""),
        ("model", "--model", ""),
        ("topics", "--model", ""),
        ("serve", "--host", ""),
        ("doctor", "--host", ""),
    ],
)
def test_empty_value_is_an_error_that_names_its_option(arguments: tuple[str, ...]) -> None:
    """A shell makes one of a variable that is not set."""
    result = run(*arguments)
    assert result.exit_code == 2
    error = result.stderr.splitlines()[-1]
    assert error.endswith(EMPTY)
    assert arguments[arguments.index("") - 1] in error or "INPUT or OUTPUT" in error
