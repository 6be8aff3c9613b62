"""What --engine ray does once the options are understood."""

from importlib.util import find_spec

import click

from app.cli.exit_status import NoAnswerError
from app.cli.predictors import load
from app.cli.readers.rows import DEFAULT_NAME
from app.cli.writers import BulkFormat
from app.settings import Settings


def classify_in_bulk(
    *,
    source: str,
    target: str,
    column: str | None,
    field: str | None,
    form: BulkFormat,
    top_k: int,
    settings: Settings,
    address: str | None,
) -> bool:
    """Classify the files of `source` into the folder `target` and tell on standard error; whether all rows were good.

    Raises:
        NoAnswerError: Ray is not installed, or as `classify_files` does.
        ColumnError: a file does not have the column.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise NoAnswerError("--engine ray needs Ray: pip install '.[ray]' in this folder.")
    from app.cli.bulk.files import find_files  # noqa: PLC0415 - optional
    from app.cli.bulk.plan import Job  # noqa: PLC0415
    from app.cli.bulk.ray_engine import classify_files  # noqa: PLC0415

    classifier = load(settings)
    job = Job(
        files=find_files(source, column, field),
        name=column or field or DEFAULT_NAME,
        form=form,
        top_k=top_k,
        digest=classifier.bundle.digest,
        min_probability=settings.min_probability,
        max_characters=settings.max_characters,
    )
    done = classify_files(job, classifier, source=source, target=target, address=address)
    before = f", {done.shards_before:,} of them before" if done.shards_before else ""
    click.echo(f"{target}: {done.shards:,} shards{before}; {done.answered:,} headlines answered now.", err=True)
    if done.bad_files:
        click.echo(f"{target}: bad rows are in {done.bad_files:,} files in _bad; all others were answered.", err=True)
    return not done.bad_files
