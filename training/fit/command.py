"""The command `fit` from reading to the printed summary."""

from pathlib import Path

import click

from training.errors import LabelsError
from training.fit.baselines import run_baselines
from training.fit.insights.linear_models import LinearModels
from training.fit.insights.suspects import suspects
from training.fit.material import read_samples
from training.fit.publish import Source, publish
from training.fit.reporting.progress import Progress
from training.fit.reporting.summary import summary
from training.fit.train import fit_model
from training.labelled.options import DataOptions
from training.labelled.reporting.check import check
from training.labelled.reporting.page import report_files
from training.output import write_files


def fit_rows(data: DataOptions, output: Path, force: bool) -> str:
    """Read, check, train, measure and write; returns the summary.

    Raises:
        TrainingError: the rows cannot be read or learned, or the bundle cannot be written.
    """
    progress = Progress()
    try:
        progress("reading", 0, 1)
        loaded = data.load()
        split = loaded.split
        if not any(row.labels for row in split.test):
            raise LabelsError("No test row has a label, so nothing can be measured; give more rows, or --test.")
        progress("checking", 0, 1)
        report = check(loaded.table, split, loaded.test)
        progress.close()
        for note in report.notes:
            click.echo(f"  {note}", err=True)
        rows = read_samples(split.train, split.labels)
        fitted = fit_model(rows, data.seed, progress)
        progress("baselines", 0, 1)
        baselines = run_baselines(split.train, split.test, data.seed)
        progress("looking at the rows", 0, 1)
        linear = LinearModels(fitted.learned.encoder, fitted.learned.word_index, fitted.recipe, rows, data.seed)
        wrong, content = suspects(linear, split.train, split.labels)
        curve = linear.learning_curve(read_samples(split.test, split.labels).samples)
        progress("writing", 0, 1)
        source = Source([*data.files, *data.test_files], split.test, report_files(report), report.scripts, curve)
        _, measured = publish(output, rows, fitted, source, baselines, force=force)
        file = output.with_name(f"{output.name}.suspects.csv")
        write_files(file.parent, {file.name: content})
    finally:
        progress.close()
    return "\n".join(
        [
            summary(fitted, measured, baselines, curve),
            "",
            f"{file}: {wrong:,} of {len(rows.samples):,} rows, whose label is probably wrong.",
            f"{output}: written, and loaded as the service loads it.",
        ]
    )
