"""Progress bar on stderr; lines for every tenth where stderr is not a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(label: str, length: int | None) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar; gives a function that advances it by a number of steps and can correct its length."""
    with click.progressbar(length=length or 1, label=label, show_pos=True, file=sys.stderr) as bar:
        terminal, tenths = sys.stderr.isatty(), 0

        def advance(steps: int, total: int | None) -> None:
            nonlocal tenths
            whole = bar.length = total or bar.length or 1
            bar.update(steps)
            if not terminal and bar.pos * 10 // whole > tenths:
                tenths = bar.pos * 10 // whole
                click.echo(f"{label}: {bar.pos:,} of {whole:,}", err=True)

        yield advance
