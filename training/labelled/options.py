"""Options of commands that read labelled rows: which files and columns, and how test rows are chosen."""

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import click

from app.cli.usage_errors import NonEmptyPath, NonEmptyText, each_once
from app.near_names import did_you_mean
from training.errors import LabelsError, TableError
from training.labelled.read import MAX_BAD_SHARE, ReadingOptions, read_rows, shown_name
from training.labelled.rows import Table
from training.labelled.split import MIN_ROWS, TEST_SHARE, Split, split_rows
from training.labelled.too_few_labels import LEAST_ROWS


class Share(click.FloatRange):
    """A number in a range. click's FloatRange accepts `nan`, which is neither below the range nor above it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Convert the value, or fail with one sentence."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


SEED: Final = click.IntRange(0, 2**31 - 1)
"""scikit-learn and Keras take seeds below 2^32, and training also uses the seeds that follow the given one."""


class _File(NonEmptyPath):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Convert the value, or fail with one sentence."""
        if value and Path(value).is_dir():
            self.fail(
                f"{str(value)!r} is a folder; name the files in it or, if each label has a folder, convert them"
                " (docs/own-topics.md, under scikit-learn).",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


FILE: Final = _File(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class LabelledData:
    """Rows of the files, rows of the test files, and the split of both."""

    table: Table
    test: Table | None
    split: Split


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions(ReadingOptions):
    """Values of all options."""

    files: tuple[Path, ...]
    test_files: tuple[Path, ...] = ()
    test_share: float = TEST_SHARE
    min_rows: int = MIN_ROWS
    seed: int = 1

    @property
    def all_files(self) -> tuple[Path, ...]:
        """The files, and then the test files."""
        return (*self.files, *self.test_files)

    def load(self, prepare: Callable[[Table], Table] = lambda table: table) -> LabelledData:
        """Read and split the rows.

        Args:
            prepare: applied to the rows of the files, and to those of the test files, before they are split.

        Raises:
            ColumnError, LabelsError: see `read_rows` and `split_rows`; or a label of --outside is not there.
            TableError: see there; or a file is named twice.
        """
        named = Counter(path.resolve() for path in self.all_files)
        for path in self.all_files:
            if named[path.resolve()] > 1:
                raise TableError(f"{shown_name(path)}: is named twice; name each file once, to train on or to test on.")
        table = prepare(read_rows(self.files, self, more_files=bool(self.test_files)))
        test = prepare(read_rows(self.test_files, self, more_files=True)) if self.test_files else None
        self._ensure_outside(table, test)
        split = split_rows(
            table,
            test,
            test_share=self.test_share,
            by_time=self.time is not None,
            seed=self.seed,
            min_rows=self.min_rows,
        )
        return LabelledData(table, test, split)

    def _ensure_outside(self, table: Table, test: Table | None) -> None:
        """Raise LabelsError if no row is outside, or if a label of --outside that no row has is near one of a row."""
        given = [label for label in self.outside if label]
        known = {label for row in table.rows for label in row.labels}
        if given and all(row.labels for row in table.rows):
            meant = did_you_mean(given[0], known) or "name the label of texts about none of the others."
            raise LabelsError(f"--outside: no row has the label {' or '.join(map(repr, given))}; {meant}")
        for label in given:
            found = label in table.outside_labels or (test is not None and label in test.outside_labels)
            if not found and (near := did_you_mean(label, known)):
                raise LabelsError(f"--outside: no row has the label {label!r}; {near}")


_READING: Final = (
    click.option(
        "--text",
        metavar="COLUMN",
        multiple=True,
        callback=each_once,
        help="Column with the texts; may be repeated, and the texts are joined by one space in this order."
        "  [default: guessed, such as headline]",
    ),
    click.option("--label", metavar="COLUMN", help="Column with the labels.  [default: guessed, such as section]"),
    click.option(
        "--label-separator",
        type=NonEmptyText(),
        metavar="TEXT",
        help="Separates several labels in one cell, such as '|'.",
    ),
    click.option(
        "--outside",
        metavar="LABEL",
        multiple=True,
        help="Label of texts about none of the other labels; may be repeated. Rows without a label then count as such"
        " texts, too; with '', only those do.",
    ),
    click.option("--no-header", is_flag=True, help="CSV and TSV have no header; columns are numbers from 1."),
    click.option(
        "--most-bad",
        type=Share(0, 1),
        default=MAX_BAD_SHARE,
        show_default=True,
        help="Share of bad rows, from 0 to 1, above which the command stops.",
    ),
)
_SPLITTING: Final = (
    click.option("--time", metavar="COLUMN", help="Column with times: the latest rows become test rows."),
    click.option("--test", "test_files", multiple=True, type=FILE, help="File with test rows; may be repeated."),
    click.option(
        "--test-share",
        type=Share(0, 0.9, min_open=True),
        default=TEST_SHARE,
        show_default=True,
        help="Share of the rows that become test rows; not used with --test.",
    ),
    click.option(
        "--min-rows",
        type=click.IntRange(LEAST_ROWS),
        default=MIN_ROWS,
        show_default=True,
        help="Labels with fewer rows are left out.",
    ),
    click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of the random split."),
)


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator: adds the files and all options to a command, which gets their values as its parameter `data`."""
    files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
    return _with_options(command, DataOptions, (files, *_READING, *_SPLITTING))


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator: adds the options of how files are read to a command, which gets their values as `reading`."""
    return _with_options(command, ReadingOptions, _READING)


def _with_options(
    command: Callable[..., None], kind: type[ReadingOptions], options: Sequence[Callable[..., Any]]
) -> Callable[..., None]:
    names = [field.name for field in fields(kind)]
    target = "data" if kind is DataOptions else "reading"

    @functools.wraps(command)
    def with_values(**parameters: Any) -> None:  # noqa: ANN401 - the other options of the command
        values = kind(**{name: parameters.pop(name) for name in names if name in parameters})
        command(**parameters, **{target: values})

    for option in reversed(options):
        with_values = option(with_values)
    return with_values
