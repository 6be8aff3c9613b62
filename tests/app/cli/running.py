"""Runs the commands, in this process or in a subprocess."""

import json
import sys
from collections.abc import Iterable, Iterator

from click.testing import CliRunner, Result

from app.__main__ import main
from app.cli.readers.input_format import InputFormat, read_table
from app.cli.readers.row import Row, RowOptions


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "app", *map(str, arguments)]


def pieces(content: bytes, size: int = 7) -> Iterator[bytes]:
    """The content in small pieces, as from a slow pipe."""
    return iter([content[at : at + size] for at in range(0, len(content), size)])


def read(content: bytes, form: InputFormat, size: int = 7, **options: object) -> list[Row]:
    """The rows of an input, from the reader of its format alone."""
    settings = {"names": ("headline",), "max_characters": 1000} | options
    return list(read_table(pieces(content, size), form, RowOptions(**settings), "the input").rows)


def answered(found: Iterable[Row]) -> list[tuple[int, str]]:
    return [(row.line, row.headline) for row in found if row.fault is None]


def faults(found: Iterable[Row]) -> dict[int, str]:
    return {row.line: row.fault for row in found if row.fault is not None}
