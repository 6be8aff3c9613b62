"""The commands of `python -m training`: options, progress bars and printed results."""

import dataclasses
import importlib.util
import json
import os
from pathlib import Path
from typing import Literal

import click

from app.classifier import TopicClassifier, load_bundle, load_classifier
from training.book.recipes import EXPLORE_EPOCHS, RECIPES, find_recipe
from training.data.dataset import load_dataset
from training.data.fetch import ARCHIVE, DEFAULT_FOLDER, URLS, fetch_archive
from training.entry_point import EntryPoint
from training.errors import RecipeError
from training.labelled.options import DataOptions, data_options
from training.output import ensure_writable, write_files
from training.progress import progress_bar
from training.reuters.recipe import HEADLINES

RECIPE = click.Choice(list(RECIPES))
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(cls=EntryPoint, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Train models on the Reuters data and write them as bundles that the service loads.

    Start with `fetch`, then `train --output models/book/2`. `evaluate`, `compare` and `baselines` measure.
    """


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help=f"Folder with keras/reuters.npz, keras/reuters_word_index.json and {ARCHIVE}: nothing is downloaded."
    f"  [default: Keras's own cache, and the archive in {DEFAULT_FOLDER}]",
)


@cli.command()
@click.option("--into", type=FOLDER, default=DEFAULT_FOLDER, show_default=True, help="Folder for the archive.")
@click.option("--url", "urls", multiple=True, help="URL of the archive; may be repeated.  [default: its public sites]")
@click.option("--archive-only", is_flag=True, help="Fetch only the archive, not the 46-topic set.")
def fetch(into: Path, urls: tuple[str, ...], archive_only: bool) -> None:
    """Download the 46-topic set (into Keras's cache) and the Reuters-21578 archive; for research purposes only."""
    with progress_bar("archive", None) as advance:
        done = 0

        def progress(now: int, total: int | None) -> None:
            nonlocal done
            advance(now - done, total)
            done = now

        archive = fetch_archive(into, urls or URLS, progress)
    click.echo(f"{archive}: complete, every file has the expected SHA-256.")
    if not archive_only:
        dataset = load_dataset()
        click.echo(f"46-topic set: {len(dataset.train.texts):,} training and {len(dataset.test.texts):,} test wires.")


@cli.command()
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all labels.")
@click.option("--output", type=FOLDER, help="Folder to write data.json and data.html to.")
def check(data: DataOptions, as_json: bool, output: Path | None) -> None:
    """Check labelled texts before training: bad rows, labels, duplicates, contradictions, and the split.

    A FILE is CSV, TSV, JSON Lines or Parquet, also packed with gzip.
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
        write_files(output, report_files(report))
        click.echo(f"\n{output / 'data.html'} and data.json: written.", err=as_json)


@cli.command()
@data_options
@click.option("--output", type=FOLDER, required=True, help="Folder of the bundle to write: models/NAME/VERSION.")
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
def fit(data: DataOptions, output: Path, force: bool) -> None:
    """Train a model on labelled texts and write it as a bundle: your own topics.

    A FILE is CSV, TSV, JSON Lines or Parquet, also packed with gzip; see `check` for what is looked at first.
    """
    from training.bundles.writer import check_target
    from training.fit.command import fit_rows

    check_target(output, force)
    _import_tensorflow()
    click.echo(fit_rows(data, output, force))


@cli.command()
@click.option(
    "--recipe",
    "name",
    metavar="NAME",
    type=click.Choice([HEADLINES.name, *RECIPES]),
    default="book",
    show_default=True,
    help=f"What to train: {', '.join([HEADLINES.name, *RECIPES])}.",
)
@data_option
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many networks to train.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first network, which is written."
)
@click.option("--epochs", type=click.IntRange(1, 1000), help="Number of epochs.  [default: the recipe's]")
@click.option("--best-epoch", is_flag=True, help="Train up to the epoch with the lowest validation loss.")
@click.option("--output", type=FOLDER, help="Folder of the bundle to write: models/NAME/VERSION.")
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@click.option("--tensorboard", type=FOLDER, help="Folder for TensorBoard logs.")
def train(
    name: str,
    data: Path | None,
    seeds: int,
    seed: int,
    epochs: int | None,
    best_epoch: bool,
    output: Path | None,
    force: bool,
    tensorboard: Path | None,
) -> None:
    """Train a recipe, test it, and write it as a bundle.

    A recipe of the book trains once for 20 epochs to find where overfitting begins, then a new network per seed. The
    recipe `headlines` trains once without held-out wires, to calibrate on them, then on all training wires per seed.
    """
    # Imported here because they import TensorFlow or matplotlib, which takes seconds; --help does not need them.
    from training.book.publish import check_publishable, publish
    from training.book.report import training_report
    from training.book.train import train_and_evaluate
    from training.evaluation.evaluate import read_corpus_if_present

    if epochs and best_epoch:
        raise click.UsageError("--epochs and --best-epoch cannot be combined; give one of them.")
    if name == HEADLINES.name:
        if best_epoch or tensorboard:
            raise click.UsageError(f"--best-epoch and --tensorboard do not apply to the recipe {name}; omit them.")
        _train_headlines(data, range(seed, seed + seeds), epochs, output, force)
        return
    recipe = find_recipe(name)
    if output is not None:
        check_publishable(recipe, output, force)
    if tensorboard is not None and importlib.util.find_spec("tensorboard") is None:
        raise RecipeError("--tensorboard needs the package tensorboard, which is not in the train extra; install it.")
    dataset = load_dataset(data)
    _import_tensorflow()
    length = None if best_epoch else epochs or recipe.epochs
    # With --best-epoch the number is not known yet; it is at most that of the exploration.
    with progress_bar("epochs", EXPLORE_EPOCHS + seeds * (length or EXPLORE_EPOCHS)) as advance:
        training = train_and_evaluate(
            recipe,
            dataset,
            range(seed, seed + seeds),
            epochs=length,
            on_epoch=lambda: advance(1, None),
            tensorboard=tensorboard,
        )
    click.echo(training_report(training))
    if output is not None:
        publish(output, training, dataset, read_corpus_if_present(_archive(data)), force)
        click.echo(f"\n{output}: written, with the network of seed {seed}, and loaded as the service loads it.")


def _train_headlines(data: Path | None, seeds: range, epochs: int | None, output: Path | None, force: bool) -> None:
    from training.bundles.writer import check_target
    from training.data.corpus import read_corpus
    from training.data.lexicon import load_lexicon
    from training.data.outside import read_outside
    from training.reuters.publish import publish_headlines
    from training.reuters.reporting.report import headlines_report
    from training.reuters.train import train_headlines

    if output is not None:
        check_target(output, force)
    recipe = dataclasses.replace(HEADLINES, epochs=epochs or HEADLINES.epochs)
    corpus, dataset = read_corpus(_archive(data)), load_dataset(data)
    _import_tensorflow()
    outside, lexicon = read_outside(_archive(data), corpus), load_lexicon()
    with progress_bar("epochs", (1 + len(seeds)) * recipe.epochs) as advance:
        training = train_headlines(
            recipe, corpus, seeds, outside=outside, lexicon=lexicon, on_epoch=lambda: advance(1, None)
        )
    click.echo(headlines_report(training))
    if output is not None:
        publish_headlines(output, training, dataset, corpus, read_outside(_archive(data), corpus, "TEST"), force=force)
        click.echo(f"\n{output}: written, with the network of seed {seeds[0]}, and loaded as the service loads it.")


@cli.command()
@click.option("--recipe", "names", metavar="NAME", type=RECIPE, multiple=True, help="May be repeated.  [default: all]")
@data_option
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="How many networks of each.")
@click.option("--output", type=FOLDER, default=Path("docs/book"), show_default=True, help="Folder to write to.")
def compare(names: tuple[str, ...], data: Path | None, seeds: int, output: Path) -> None:
    """Ablation: train every variant that the book discusses; write a table (Markdown, JSON) and a figure."""
    from training.book.ablation import compare as run
    from training.book.ablation import markdown, write_comparison

    recipes = [find_recipe(name) for name in names or RECIPES]
    ensure_writable(output)
    dataset = load_dataset(data)
    _import_tensorflow()
    numbers = range(1, seeds + 1)
    with progress_bar("epochs", seeds * sum(recipe.epochs for recipe in recipes)) as advance:
        rows = run(recipes, dataset, numbers, lambda: advance(1, None))
    write_comparison(rows, numbers, output)
    click.echo(markdown(rows, numbers))


@cli.command()
@data_option
@click.option(
    "--bundle",
    "bundles",
    type=FOLDER,
    multiple=True,
    default=(Path("models/book/1"), Path("models/headlines/2")),
    show_default=True,
    help="Bundle to add to the table; may be repeated.",
)
@click.option("--sentence-transformer", is_flag=True, help="Also test MiniLM with logistic regression; takes minutes.")
@click.option("--output", type=FOLDER, default=Path("docs/headlines"), show_default=True, help="Folder for the table.")
def baselines(data: Path | None, bundles: tuple[Path, ...], sentence_transformer: bool, output: Path) -> None:
    """Train linear baselines on the texts of the headline model and test them; write a table (Markdown, JSON)."""
    from training.data.corpus import read_corpus
    from training.reuters.baselines import (
        LINEAR,
        check_sentence_transformer,
        markdown,
        run_baselines,
        write_baselines,
    )

    if sentence_transformer:
        check_sentence_transformer()
    ensure_writable(output)
    classifiers = [load_classifier(bundle) for bundle in bundles]
    corpus = read_corpus(_archive(data))
    with progress_bar("models", len(LINEAR) + sentence_transformer + len(bundles)) as advance:
        rows = run_baselines(corpus, classifiers, lambda: advance(1, None), sentence_transformer)
    write_baselines(rows, output)
    click.echo(markdown(rows))


@cli.command()
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
    archive = _archive(data)
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


@cli.command()
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


@cli.command()
@click.argument("bundle", type=FOLDER)
def card(bundle: Path) -> None:
    """Regenerate the model card of a BUNDLE from its manifest, after the text of the cards has changed."""
    from training.book.model_card import write_card as book_card
    from training.bundles.writer import replace_card
    from training.reuters.reporting.model_card import write_card as headlines_card

    manifest = load_bundle(bundle).manifest
    recipe = manifest.recipe.get("name")
    if recipe not in {HEADLINES.name, *RECIPES}:
        raise RecipeError(f"{bundle}: its recipe is unknown to this program, so its card cannot be written.")
    classifier = replace_card(bundle, headlines_card(manifest) if recipe == HEADLINES.name else book_card(manifest))
    click.echo(f"{bundle}: README.md written; the digest is now {classifier.bundle.digest}.")


def _evaluate_against(classifier: TopicClassifier, other: TopicClassifier, archive: Path, as_json: bool) -> None:
    from training.data.corpus import read_corpus
    from training.evaluation.compare_bundles import against_report, compare_bundles

    comparison = compare_bundles(other, classifier, read_corpus(archive))
    if as_json:
        click.echo(json.dumps(comparison.figures()))
    else:
        names = (f"{one.bundle.manifest.name}/{one.bundle.manifest.version}" for one in (other, classifier))
        click.echo(against_report(comparison, *names))


def _archive(data: Path | None) -> Path:
    return (data or DEFAULT_FOLDER) / ARCHIVE


def _import_tensorflow() -> None:
    """Import TensorFlow before the progress bar starts, without the banner that it would write over the bar."""
    # The banner goes to file descriptor 2 before the log level can be set; errors are exceptions and not hidden.
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow as tf  # noqa: F401
        finally:
            os.dup2(kept, 2)
            os.close(kept)
