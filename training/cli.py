"""The commands: they read options, show progress and print; what they do stands in the modules they call."""

import dataclasses
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from app.classifier import ClassifierError, TopicClassifier, load_classifier
from training.book.recipes import EXPLORE_EPOCHS, RECIPES, find_recipe
from training.data.corpus import CorpusError
from training.data.dataset import load_dataset
from training.data.fetch import ARCHIVE, DEFAULT_FOLDER, URLS, fetch_archive
from training.errors import RecipeError, TrainingError
from training.headlines.recipe import HEADLINES

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

RECIPE = click.Choice(list(RECIPES))
FOLDER = click.Path(file_okay=False, path_type=Path)


class Commands(click.Group):
    """Turns what goes wrong outside the code, and what we expect to, into one sentence and a status."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as the base class has it
        """Run the command; an error of ours ends with status 1, Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except (TrainingError, CorpusError, ClassifierError) as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # click ends it in silence, as shells expect when a reader such as `head` has had enough
        except OSError as error:
            # What no module expects, such as a full disk under TMPDIR or behind stdout.
            where = f"{error.filename}: " if error.filename else "The output "
            raise click.ClickException(f"{where}cannot be read or written ({error.strerror or error}).") from error
        except KeyboardInterrupt:
            click.echo("\nStopped: what was not finished was not written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """The offline half: from the Reuters data to a bundle that the service loads.

    Start with `fetch`, then `train --output models/book/2`; `evaluate`, `compare` and `baselines` say how good it is.
    """


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help=f"Folder with keras/reuters.npz, keras/reuters_word_index.json and {ARCHIVE}: nothing is downloaded."
    f"  [default: Keras's own cache, and the archive in {DEFAULT_FOLDER}]",
)


@cli.command()
@click.option("--into", type=FOLDER, default=DEFAULT_FOLDER, show_default=True, help="Folder for the archive.")
@click.option("--url", "urls", multiple=True, help="Where to get the archive; may be repeated.  [default: its homes]")
@click.option("--archive-only", is_flag=True, help="Leave the 46-topic set to Keras, which fetches it when first used.")
def fetch(into: Path, urls: tuple[str, ...], archive_only: bool) -> None:
    """Fetch the 46-topic set (Keras's cache) and the Reuters-21578 archive; free for research purposes only."""
    with _bar("archive", None) as advance:
        done = 0

        def progress(now: int, total: int | None) -> None:
            nonlocal done
            advance(now - done, total)
            done = now

        archive = fetch_archive(into, urls or URLS, progress)
    click.echo(f"{archive}: whole, every file has the known SHA-256.")
    if not archive_only:
        dataset = load_dataset()
        click.echo(f"46-topic set: {len(dataset.train.texts):,} training and {len(dataset.test.texts):,} test wires.")


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
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="How many networks to train.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="First seed; the bundle gets it.")
@click.option("--epochs", type=click.IntRange(1, 1000), help="Train for so long.  [default: the recipe's]")
@click.option("--best-epoch", is_flag=True, help="Read the epochs off the validation loss instead.")
@click.option("--output", type=FOLDER, help="Folder of the bundle to write: models/NAME/VERSION.")
@click.option("--force", is_flag=True, help="Replace the bundle that is there.")
@click.option("--tensorboard", type=FOLDER, help="Folder for TensorBoard's logs.")
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

    By the book, that is once for 20 epochs to see where overfitting begins, then fresh networks, one a seed. The recipe
    `headlines` trains once without held-out wires to calibrate, then on all training wires, once a seed.
    """
    # Imported here because they bring TensorFlow or matplotlib, for which --help should not wait.
    from training.book.publish import check_publishable, publish
    from training.book.train import train_and_evaluate
    from training.evaluation.evaluate import read_corpus_if_present
    from training.evaluation.report import training_report

    if epochs and best_epoch:
        raise click.UsageError("--epochs and --best-epoch exclude each other.")
    if name == HEADLINES.name:
        if best_epoch or tensorboard:
            raise click.UsageError(f"--best-epoch and --tensorboard are not for the recipe {name}.")
        _train_headlines(data, range(seed, seed + seeds), epochs, output, force)
        return
    recipe = find_recipe(name)
    if output is not None:
        check_publishable(recipe, output, force)
    if tensorboard is not None and importlib.util.find_spec("tensorboard") is None:
        raise RecipeError("--tensorboard needs the package tensorboard, which the train extra leaves out; install it.")
    dataset = load_dataset(data)
    _import_tensorflow()
    length = None if best_epoch else epochs or recipe.epochs
    # With --best-epoch the length is not known yet: as long as the exploration at most.
    with _bar("epochs", EXPLORE_EPOCHS + seeds * (length or EXPLORE_EPOCHS)) as advance:
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
        click.echo(f"\n{output}: the network of seed {seed}, written and loaded as the service loads it.")


def _train_headlines(data: Path | None, seeds: range, epochs: int | None, output: Path | None, force: bool) -> None:
    from training.bundles.writer import check_target
    from training.data.corpus import read_corpus
    from training.headlines.publish import publish_headlines
    from training.headlines.reporting.report import headlines_report
    from training.headlines.train import train_headlines

    if output is not None:
        check_target(output, force)
    recipe = dataclasses.replace(HEADLINES, epochs=epochs or HEADLINES.epochs)
    corpus, dataset = read_corpus(_archive(data)), load_dataset(data)
    _import_tensorflow()
    with _bar("epochs", (1 + len(seeds)) * recipe.epochs) as advance:
        training = train_headlines(recipe, corpus, seeds, lambda: advance(1, None))
    click.echo(headlines_report(training))
    if output is not None:
        publish_headlines(output, training, dataset, corpus, force)
        click.echo(f"\n{output}: the network of seed {seeds[0]}, written and loaded as the service loads it.")


@cli.command()
@click.option("--recipe", "names", metavar="NAME", type=RECIPE, multiple=True, help="May be repeated.  [default: all]")
@data_option
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="How many networks of each.")
@click.option("--output", type=FOLDER, default=Path("docs/book"), show_default=True, help="Folder of table and figure.")
def compare(names: tuple[str, ...], data: Path | None, seeds: int, output: Path) -> None:
    """Train every variant that the book discusses; one table (Markdown, JSON) and one figure."""
    from training.book.ablation import check_folder, markdown, write_comparison
    from training.book.ablation import compare as run

    recipes = [find_recipe(name) for name in names or RECIPES]
    check_folder(output)
    dataset = load_dataset(data)
    _import_tensorflow()
    numbers = range(1, seeds + 1)
    with _bar("epochs", seeds * sum(recipe.epochs for recipe in recipes)) as advance:
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
    default=(Path("models/book/1"), Path("models/headlines/1")),
    show_default=True,
    help="Bundle to put into the table; may be repeated.",
)
@click.option("--sentence-transformer", is_flag=True, help="MiniLM with logistic regression, too; takes minutes.")
@click.option(
    "--output", type=FOLDER, default=Path("docs/headlines"), show_default=True, help="Folder of the table to write."
)
def baselines(data: Path | None, bundles: tuple[Path, ...], sentence_transformer: bool, output: Path) -> None:
    """Test linear baselines on the headline model's own training material; one table (Markdown, JSON)."""
    from training.book.ablation import check_folder
    from training.data.corpus import read_corpus
    from training.headlines.baselines import (
        LINEAR,
        check_sentence_transformer,
        markdown,
        run_baselines,
        write_baselines,
    )

    if sentence_transformer:
        check_sentence_transformer()
    check_folder(output)
    classifiers = [load_classifier(bundle) for bundle in bundles]
    corpus = read_corpus(_archive(data))
    with _bar("models", len(LINEAR) + sentence_transformer + len(bundles)) as advance:
        rows = run_baselines(corpus, classifiers, lambda: advance(1, None), sentence_transformer)
    write_baselines(rows, output)
    click.echo(markdown(rows))


@cli.command()
@click.argument("bundle", type=FOLDER)
@data_option
@click.option("--against", type=FOLDER, help="Another bundle: what changed on the test titles, and by chance or not.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the whole confusion matrix.")
def evaluate(bundle: Path, data: Path | None, against: Path | None, as_json: bool) -> None:
    """Measure a BUNDLE on the test wires and their titles, answered as the service answers them."""
    from training.evaluation.evaluate import evaluate as run
    from training.evaluation.evaluate import read_corpus_if_present
    from training.evaluation.report import evaluation_report

    classifier = load_classifier(bundle)
    archive = _archive(data)
    if against is not None:
        _evaluate_against(classifier, load_classifier(against), archive, as_json)
        return
    corpus = read_corpus_if_present(archive)
    measured = run(classifier, load_dataset(data), corpus)
    codes = [topic.code for topic in classifier.topics]
    if corpus is None:
        click.echo(f"No archive at {archive}, so only the set's own words are measured; see fetch.", err=True)
    if as_json:
        matrices = {
            part: dataclasses.asdict(one) | {"confusion": one.confusion.tolist()} for part, one in measured.items()
        }
        click.echo(json.dumps({"topics": codes} | matrices))
    else:
        click.echo(evaluation_report(measured, codes))


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
    """Write the model of a BUNDLE for other servers, its calibration included."""
    from training.bundles.export import export as run

    for file in run(bundle, form, output):
        click.echo(file)


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
    """Import it before the progress bar starts, and without the banner that it writes over the bar."""
    # It writes to file descriptor 2 before its log level can be set; an error is an exception and still seen.
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow as tf  # noqa: F401
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _bar(label: str, length: int | None) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on stderr; gives a function that advances it by some steps and may correct its length.

    Where stderr is a file or a pipe there is a line for every tenth instead.
    """
    with click.progressbar(length=length or 1, label=label, show_pos=True, file=sys.stderr) as bar:
        seen, tenths = sys.stderr.isatty(), 0

        def advance(steps: int, total: int | None) -> None:
            nonlocal tenths
            whole = bar.length = total or bar.length or 1
            bar.update(steps)
            if not seen and bar.pos * 10 // whole > tenths:
                tenths = bar.pos * 10 // whole
                click.echo(f"{label}: {bar.pos:,} of {whole:,}", err=True)

        yield advance
