"""The command `evaluate`: measures a bundle, or compares two."""

import dataclasses
import json
from pathlib import Path

import click

from app.classifier import TopicClassifier, load_classifier
from app.control_characters import one_line
from training.cli.options import FOLDER, archive_path, data_option
from training.data.dataset import load_dataset
from training.data.topics import NAMES
from training.errors import RecipeError
from training.labelled.options import FILE, reading_options
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.rows import Table


@click.command()
@click.argument("bundle", type=FOLDER)
@data_option
@click.option("--test", "test_files", multiple=True, type=FILE, help="File with labelled rows; may be repeated.")
@reading_options
@click.option("--against", type=FOLDER, help="Another bundle, to list what the two answer differently.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the complete confusion matrix.")
def evaluate(
    bundle: Path,
    data: Path | None,
    test_files: tuple[Path, ...],
    reading: ReadingOptions,
    against: Path | None,
    as_json: bool,
) -> None:
    """Measure a BUNDLE, as the service would answer, on labelled rows or on the Reuters test wires.

    With --test, any bundle is measured on the rows of files, which are read as by `check`. Without it, a bundle with
    the 46 Reuters topics is measured on the test wires and their titles.

    Texts are marked `outside` above the threshold of the bundle, whatever the settings of the service are. With --test
    and rows about none of the labels, the rates at other thresholds are printed, too.
    """
    if test_files:
        if data is not None:
            raise click.UsageError("--data and --test cannot be combined; give one of them.")
        _evaluate_rows(bundle, test_files, read_rows(test_files, reading), against, as_json)
        return
    if reading != ReadingOptions():
        raise click.UsageError("The options for reading files apply to --test; give it as well.")
    from training.data.outside import read_outside
    from training.evaluation.evaluate import evaluate as run
    from training.evaluation.evaluate import evaluate_outside, read_corpus_if_present
    from training.evaluation.outside import outside_report
    from training.evaluation.report import evaluation_report

    classifier = load_classifier(bundle)
    codes = [topic.code for topic in classifier.topics]
    if codes != list(NAMES):
        raise RecipeError(f"{bundle}: its labels are not the 46 Reuters topics; use --test FILE with labelled rows.")
    archive = archive_path(data)
    if against is not None:
        _evaluate_against(classifier, load_classifier(against), archive, as_json)
        return
    corpus = read_corpus_if_present(archive)
    measured = run(classifier, load_dataset(data), corpus)
    outside = None
    if corpus is not None and classifier.bundle.manifest.outside is not None:
        outside = evaluate_outside(classifier, corpus, read_outside(archive, corpus, "TEST"))
    if corpus is None:
        click.echo(f"No archive at {archive}: only the data set's own words are measured; run fetch.", err=True)
    if as_json:
        matrices = {
            part: dataclasses.asdict(evaluation) | {"confusion": evaluation.confusion.tolist()}
            for part, evaluation in measured.items()
        }
        click.echo(json.dumps({"topics": codes} | matrices | ({"outside": outside} if outside else {})))
    else:
        click.echo(evaluation_report(measured, codes))
        if outside is not None:
            click.echo(f"\n{outside_report(outside)}")


def _evaluate_rows(bundle: Path, files: tuple[Path, ...], table: Table, against: Path | None, as_json: bool) -> None:
    from training.evaluation.comparison.compare_bundles import compare_on_rows
    from training.evaluation.comparison.report import against_report
    from training.evaluation.labelled_report import labelled_report, left_out_notes
    from training.evaluation.labelled_rows import evaluate_rows
    from training.evaluation.training_files import training_file_warning, training_rows_warning

    classifier = load_classifier(bundle)
    classifiers = [classifier]
    codes = [topic.code for topic in classifier.topics]
    if against is not None:
        classifiers.append(other := load_classifier(against))
        comparison = compare_on_rows(other, classifier, table.rows, table.outside_labels)
        before, after = other.bundle.manifest.full_name, classifier.bundle.manifest.full_name
        if before == after:  # as in two copies of this repository
            before, after = str(against), str(bundle)
        shown = against_report(comparison, before, after, "row")
        figures = comparison.figures()
    else:
        measured = evaluate_rows(classifier, table.rows)
        shown, figures = labelled_report(measured, codes), measured.figures(codes)
    found = [
        training_file_warning(used.bundle.manifest, files) or training_rows_warning(used, table.rows)
        for used in classifiers
    ]
    warnings = [warning for warning in found if warning is not None]
    for note in (*left_out_notes(table, classifiers), *warnings):
        click.echo(one_line(note), err=True)
    click.echo(json.dumps(figures | {"warnings": warnings}, ensure_ascii=False) if as_json else shown)


def _evaluate_against(classifier: TopicClassifier, other: TopicClassifier, archive: Path, as_json: bool) -> None:
    from training.data.corpus import read_corpus
    from training.evaluation.comparison.compare_bundles import compare_on_titles
    from training.evaluation.comparison.report import against_report

    comparison = compare_on_titles(other, classifier, read_corpus(archive))
    if as_json:
        click.echo(json.dumps(comparison.figures()))
    else:
        click.echo(against_report(comparison, other.bundle.manifest.full_name, classifier.bundle.manifest.full_name))
