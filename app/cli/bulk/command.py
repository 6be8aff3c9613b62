"""Runs `python -m app classify --engine ray` with validated options."""

from importlib.util import find_spec

import click

from app.cli.classify_options import ClassifyOptions
from app.cli.exit_status import ExitStatus, UnavailableError
from app.cli.predictors import load
from app.cli.writers import columns as output_columns
from app.settings import Settings


def classify_in_bulk(options: ClassifyOptions, settings: Settings) -> None:
    """Classify the files of INPUT into the folder OUTPUT and print a summary on standard error.

    Raises:
        UnavailableError: Ray is not installed, or one of the reasons of `classify_files`.
        ColumnError: a file does not have the column.
        click.exceptions.Exit: there are bad rows; all others were classified.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise UnavailableError(
            "--engine ray needs Ray; install it from the project's folder with:"
            " .venv/bin/python -m pip install '.[ray]'"
        )
    from app.cli.bulk.files import find_files  # noqa: PLC0415 - optional
    from app.cli.bulk.plan import Job  # noqa: PLC0415
    from app.cli.bulk.ray_engine import classify_files  # noqa: PLC0415

    source, target = options.headlines
    classifier = load(settings, options.top_k)
    name, *further_names = options.headline_names
    job = Job(
        files=find_files(source, options.columns, options.fields),
        name=name,
        further_names=tuple(further_names),
        form=options.form,
        top_k=options.top_k,
        digest=classifier.bundle.digest,
        min_probability=settings.min_probability,
        outside_threshold=settings.outside_threshold,
        max_characters=settings.max_characters,
        skip_empty=options.skip_empty,
        columns=tuple(output_columns(1)),
    )
    summary = classify_files(job, classifier, source=source, target=target, address=options.address)
    before = f", {summary.shards_before:,} of them from earlier runs" if summary.shards_before else ""
    click.echo(
        f"{target}: {summary.shards:,} shards{before}; {summary.classified:,} headlines classified in this run.",
        err=True,
    )
    if summary.bad_files:
        bad = f"bad rows are in {summary.bad_files:,} files in _bad; all others were classified."
        click.echo(f"{target}: {bad}", err=True)
        raise click.exceptions.Exit(ExitStatus.SOME_BAD)
