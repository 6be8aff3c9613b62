"""The command `fit` from reading to the printed summary."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final

import click

from app.control_characters import one_line
from training.errors import LabelsError
from training.fit.baselines import run_baselines
from training.fit.insights.label_errors import NOISE
from training.fit.insights.linear_models import LinearModels
from training.fit.insights.suspects import Suspects, suspects
from training.fit.insights.to_label import to_label
from training.fit.publish import Source, publish
from training.fit.reporting.summary import described, summary, with_label
from training.fit.sizes import seconds_to_fit
from training.fit.source_files import file_digests, unpacked_digests
from training.fit.train import fit_model
from training.fit.training_rows import first_labels, tokenize_rows
from training.labelled.options import DataOptions
from training.labelled.reporting.check import check
from training.labelled.reporting.notes import NOTHING_MEASURED
from training.labelled.reporting.page import report_files
from training.labelled.unlabelled import read_unlabelled
from training.output import ensure_replaceable, write_files
from training.progress import Progress
from training.wording import count, duration

SEVERAL: Final = (
    "{} with several labels: the model gives a text any number of labels, each independent of the others. If each text"
    " should have one label, add --first-label, which uses only the first label of each row."
)


def fit_rows(
    data: DataOptions, output: Path, force: bool, unlabelled: Sequence[Path] = (), first_label: bool = False
) -> str:
    """Read, check, train, measure and write; returns the summary.

    If rows have several labels, a text may have any number of them; with `first_label`, a row counts as its first.

    Raises:
        TrainingError: the rows cannot be read or learned, or the bundle cannot be written.
    """
    with Progress() as progress:
        progress("reading", 0, 1)
        labelling, suspected = (output.with_name(f"{output.name}.{name}.csv") for name in ("to_label", "suspects"))
        for file in (suspected, labelling) if unlabelled else (suspected,):
            ensure_replaceable(file, force)
        loaded = data.load(first_labels if first_label else lambda table: table)
        digests, unpacked = file_digests(data.all_files), unpacked_digests(data.all_files)
        # Not those of corrections from the page, which are guessed if they lack the columns of --text or --label.
        columns = min(loaded.table.columns, key=lambda of_file: len(of_file.guessed))
        texts, bad = read_unlabelled(unlabelled, columns.text, no_header=data.no_header) if unlabelled else ([], 0)
        split = loaded.split
        several = sum(len(row.labels) > 1 for row in split.train)
        if several:
            click.echo(f"  {SEVERAL.format(count(several, 'training row'))}", err=True)
        if not any(row.labels for row in split.test):
            raise LabelsError(NOTHING_MEASURED["file" if data.test_files else "share"])
        progress("checking", 0, 1)
        report = check(loaded.table, split, loaded.test)
        progress.close()
        rows = tokenize_rows(split.train, split.labels, multi_label=several > 0)
        words = fmean(len(sample.words) for sample in rows.samples) if rows.samples else 0
        takes = duration(seconds_to_fit(len(rows.samples), rows.topics, words))
        for line in (*report.notes, f"{described(rows)}: takes {takes} on one core."):
            click.echo(f"  {one_line(line)}", err=True)
        fitted = fit_model(rows, data.seed, progress)
        progress("baselines", 0, 1)
        baselines = run_baselines(split.train, split.test, data.seed, several > 0, partial(progress, "baselines"))
        progress("label errors", 0, 1)
        encoder, word_index = fitted.model.encoder, fitted.model.word_index
        linear = LinearModels(encoder, word_index, fitted.recipe, rows, data.seed, clusters=fitted.clusters)
        listing = suspects(linear, split.train, partial(progress, "label errors"))
        curve = linear.learning_curve(split.test, partial(progress, "learning curve"))
        progress("writing the bundle and measuring it", 0, 1)
        source = Source(
            files=digests,
            test_files=len(data.test_files),
            test=split.test,
            report=report_files(report, data.all_files),
            scripts=report.scripts,
            unpacked=unpacked,
            text_columns=columns.text,
        )
        classifier, measured = publish(
            output, rows, fitted, source, baselines=baselines, learning_curve=curve, force=force
        )
        write_files(suspected.parent, {suspected.name: listing.content})
        written = [f"{suspected}: {_listed(listing, len(linear.samples), with_label(rows))}"]
        if unlabelled:
            progress("choosing texts to label", 0, 1)
            labelled = (*split.train, *split.test)
            names = (("text",), "label") if data.no_header else (columns.text, columns.label)
            chosen = to_label(classifier, fitted.model, texts, labelled, columns=names, seed=data.seed)
            write_files(labelling.parent, {labelling.name: chosen.content})
            written.append(f"{labelling}: {chosen.summary(len(texts), bad)}")
    serve = f"python -m app serve --model {shlex.quote(str(output))}"
    written.append(f"{output}: written, and loaded as the service loads it. To serve it: {serve}")
    return "\n".join([summary(fitted, measured, baselines, curve, rows), "", *written])


def _listed(listing: Suspects, rows: int, which: str) -> str:
    """How many of the `rows` examined are in the file of suspects; `which`: what is said after `rows`."""
    if not listing.listed:
        return f"none of {rows:,} rows{which}, because no label looks wrong."
    has = "has" if listing.probable == 1 else "have"
    listed = (
        f"{listing.listed:,} of {rows:,} rows{which}, the most suspect first; {listing.probable:,} of them {has} a"
        " label that is more likely wrong than right (wrong_probability above 0.5), assuming that"
        f" {NOISE:.0%} of all labels are wrong."
    )
    if listing.probable <= 2 * NOISE * rows:
        return listed
    return f"{listed} With so many, most labels are probably right, but hard to tell from the text."
