"""The command `evaluate`: measures a bundle, or compares two."""

import dataclasses
import json
from pathlib import Path

import click

from app.classifier import TopicClassifier, load_classifier
from training.cli.options import FOLDER, archive_path, data_option
from training.data.dataset import load_dataset


@click.command()
@click.argument("bundle", type=FOLDER)
@data_option
@click.option(
    "--against",
    type=FOLDER,
    help="Another bundle: list the test titles answered differently.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the complete confusion matrix.")
def evaluate(bundle: Path, data: Path | None, against: Path | None, as_json: bool) -> None:
    """Measure a BUNDLE on the test wires and their titles, with the answers that the service gives."""
    from training.data.outside import read_outside
    from training.evaluation.evaluate import evaluate as run
    from training.evaluation.evaluate import read_corpus_if_present
    from training.evaluation.outside import evaluate_outside
    from training.evaluation.report import evaluation_report, outside_report

    classifier = load_classifier(bundle)
    archive = archive_path(data)
    if against is not None:
        _evaluate_against(classifier, load_classifier(against), archive, as_json)
        return
    corpus = read_corpus_if_present(archive)
    measured = run(classifier, load_dataset(data), corpus)
    outside = None
    if corpus is not None and classifier.bundle.manifest.outside is not None:
        outside = evaluate_outside(classifier, corpus, read_outside(archive, corpus, "TEST"))
    codes = [topic.code for topic in classifier.topics]
    if corpus is None:
        click.echo(f"No archive at {archive}: only the data set's own words are measured; run fetch.", err=True)
    if as_json:
        matrices = {
            part: dataclasses.asdict(one) | {"confusion": one.confusion.tolist()} for part, one in measured.items()
        }
        click.echo(json.dumps({"topics": codes} | matrices | ({"outside": outside.figures()} if outside else {})))
    else:
        click.echo(evaluation_report(measured, codes))
        if outside is not None:
            click.echo(f"\n{outside_report(outside)}")


def _evaluate_against(classifier: TopicClassifier, other: TopicClassifier, archive: Path, as_json: bool) -> None:
    from training.data.corpus import read_corpus
    from training.evaluation.compare_bundles import against_report, compare_bundles

    comparison = compare_bundles(other, classifier, read_corpus(archive))
    if as_json:
        click.echo(json.dumps(comparison.figures()))
    else:
        names = (f"{one.bundle.manifest.name}/{one.bundle.manifest.version}" for one in (other, classifier))
        click.echo(against_report(comparison, *names))
