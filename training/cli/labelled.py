"""The commands for labelled texts of your own: check, fit and export."""

import json
from pathlib import Path
from typing import Literal

import click

from training.cli.options import FOLDER, bundle_folder
from training.labelled.options import FILE, DataOptions, data_options
from training.output import ensure_writable, write_files
from training.tensorflow_import import ensure_tensorflow


@click.command()
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all labels.")
@click.option("--output", type=FOLDER, help="Folder to write data.json and data.html to.")
def check(data: DataOptions, as_json: bool, output: Path | None) -> None:
    """Check labelled texts before training: bad rows, labels, duplicates, conflicting labels, and the split.

    A FILE is CSV, TSV, JSON (Lines or an array) or Parquet, optionally compressed with gzip.
    """
    from training.labelled.reporting.check import check as run
    from training.labelled.reporting.page import report_files
    from training.labelled.reporting.terminal import terminal_report

    if output is not None:
        ensure_writable(output)
    loaded = data.load()
    report = run(loaded.table, loaded.split, loaded.test)
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else terminal_report(report))
    if output is not None:
        write_files(output, report_files(report, data.all_files))
        click.echo(f"\n{output / 'data.html'} and data.json: written.", err=as_json)


@click.command()
@data_options
@click.option("--output", type=FOLDER, required=True, help="Folder of the bundle to write: models/NAME/VERSION.")
@click.option("--force", is_flag=True, help="Replace an existing bundle, and its .suspects.csv and .to_label.csv.")
@click.option(
    "--unlabelled",
    multiple=True,
    type=FILE,
    help="File with texts without labels: the most useful ones to label go to OUTPUT.to_label.csv; may be repeated.",
)
@click.option("--first-label", is_flag=True, help="Use only the first label of rows that have several.")
def fit(data: DataOptions, output: Path, force: bool, unlabelled: tuple[Path, ...], first_label: bool) -> None:
    """Train a model on your own labelled texts and write it as a bundle.

    A FILE is CSV, TSV, JSON (Lines or an array) or Parquet, optionally compressed with gzip. `check` finds problems in
    it first.
    """
    from training.bundles.writer import ensure_bundle_writable
    from training.fit.command import fit_rows
    from training.fit.source_files import ensure_regular

    output = bundle_folder(output)
    ensure_bundle_writable(output, force)
    ensure_regular(data.all_files)
    ensure_tensorflow()
    click.echo(fit_rows(data, output, force, unlabelled, first_label))


@click.command()
@click.argument("bundle", type=FOLDER)
@click.option(
    "--format",
    "form",
    type=click.Choice(["saved_model", "onnx"]),
    required=True,
    help="saved_model: TensorFlow, text in. onnx: ONNX Runtime, multi-hot in.",
)
@click.option("--output", type=FOLDER, required=True, help="Folder to write; must not exist yet.")
def export(bundle: Path, form: Literal["saved_model", "onnx"], output: Path) -> None:
    """Convert the model of a BUNDLE, with its calibration, for other servers."""
    from training.bundles.export import export as run

    for file in run(bundle, form, output):
        click.echo(file)
    what, page = ("SavedModel", "savedmodel") if form == "saved_model" else ("ONNX model", "onnx")
    click.echo(f"{output}: {what} written. To load and check it: docs/export.md#{page}")
