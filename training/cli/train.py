"""The command `train`: a recipe on the Reuters wires."""

import dataclasses
import importlib.util
from pathlib import Path

import click

from training.book.recipes import EXPLORE_EPOCHS, RECIPES
from training.cli.multi_label_wires import NAME as MULTI_LABEL
from training.cli.multi_label_wires import train_multi_label
from training.cli.options import FOLDER, archive_path, bundle_folder, data_option
from training.data.dataset import load_dataset
from training.errors import RecipeError
from training.labelled.options import SEED
from training.progress import Progress
from training.reuters.recipe import HEADLINES
from training.tensorflow_import import import_tensorflow
from training.wording import duration

BOOK_SECONDS = 10.0, 1.0
"""Processor time of a recipe of the book: before and after training, and for each epoch."""
HEADLINES_SECONDS = 70.0, 15.0
"""Of the recipe `headlines`: for each pass, without its epochs, and for each epoch."""


@click.command()
@click.option(
    "--recipe",
    "name",
    metavar="NAME",
    type=click.Choice([HEADLINES.name, MULTI_LABEL, *RECIPES]),
    default="book",
    show_default=True,
    help=f"Recipe to train: {', '.join([HEADLINES.name, MULTI_LABEL, *RECIPES])}.",
)
@data_option
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Number of networks to train.",
)
@click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of the first network, which is written.")
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
    The recipe `headlines-multi` is `fit` on the titles and bodies of all wires with all their topics.
    """
    # Imported here because they import TensorFlow or matplotlib, which takes seconds; --help does not need them.
    from training.book.publish import ensure_publishable, publish
    from training.book.report import training_report
    from training.book.train import train_and_evaluate
    from training.evaluation.evaluate import read_corpus_if_present

    if epochs and best_epoch:
        raise click.UsageError("--epochs and --best-epoch cannot be combined; give one of them.")
    output = None if output is None else bundle_folder(output)
    if name == HEADLINES.name:
        if best_epoch or tensorboard:
            raise click.UsageError(f"--best-epoch and --tensorboard do not apply to the recipe {name}; omit them.")
        _train_headlines(data, range(seed, seed + seeds), epochs, output, force)
        return
    if name == MULTI_LABEL:
        if best_epoch or tensorboard or epochs or seeds > 1:
            raise click.UsageError(f"The recipe {name} takes --data, --seed, --output and --force; omit the rest.")
        if output is None:
            raise click.UsageError(f"The recipe {name} needs --output models/NAME/VERSION.")
        train_multi_label(archive_path(data), seed, output, force)
        return
    recipe = RECIPES[name]
    if output is not None:
        ensure_publishable(recipe, output, force)
    if tensorboard is not None and importlib.util.find_spec("tensorboard") is None:
        raise RecipeError("--tensorboard needs the package tensorboard, which is not in the train extra; install it.")
    dataset = load_dataset(data)
    once, each = BOOK_SECONDS
    _say(once + each * (EXPLORE_EPOCHS + seeds * (epochs or (EXPLORE_EPOCHS if best_epoch else recipe.epochs))))
    import_tensorflow()
    with Progress() as report:
        training = train_and_evaluate(
            recipe,
            dataset,
            range(seed, seed + seeds),
            epochs=None if best_epoch else epochs or recipe.epochs,
            report=report,
            tensorboard=tensorboard,
        )
    click.echo(training_report(training))
    if output is not None:
        publish(output, training, dataset, read_corpus_if_present(archive_path(data)), force)
        click.echo(f"\n{output}: written, with the network of seed {seed}, and loaded as the service loads it.")


def _say(seconds: float) -> None:
    click.echo(f"Takes {duration(seconds)} on one core.", err=True)


def _train_headlines(data: Path | None, seeds: range, epochs: int | None, output: Path | None, force: bool) -> None:
    from training.bundles.writer import ensure_bundle_writable
    from training.data.corpus import read_corpus
    from training.data.lexicon import load_lexicon
    from training.data.outside import read_outside
    from training.headlines.clusters.cluster_list import load_clusters
    from training.reuters.publish import publish_headlines
    from training.reuters.reporting.report import headlines_report
    from training.reuters.train import train_headlines

    if output is not None:
        ensure_bundle_writable(output, force)
    recipe = dataclasses.replace(HEADLINES, epochs=epochs or HEADLINES.epochs)
    corpus, dataset = read_corpus(archive_path(data)), load_dataset(data)
    once, each = HEADLINES_SECONDS
    _say((1 + len(seeds)) * (once + each * recipe.epochs))
    import_tensorflow()
    outside, lexicon = read_outside(archive_path(data), corpus), load_lexicon()
    with Progress() as report:
        training = train_headlines(
            recipe, corpus, seeds, outside=outside, lexicon=lexicon, clusters=load_clusters(), report=report
        )
    click.echo(headlines_report(training))
    if output is not None:
        publish_headlines(
            output, training, dataset, corpus, read_outside(archive_path(data), corpus, "TEST"), force=force
        )
        click.echo(f"\n{output}: written, with the network of seed {seeds[0]}, and loaded as the service loads it.")
