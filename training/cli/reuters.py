"""The other commands for the Reuters data: fetch, compare, baselines and present-day."""

from itertools import count
from pathlib import Path

import click

from app.classifier import load_classifier
from app.cli.usage_errors import NonEmptyText
from training.book.recipes import RECIPES
from training.cli.options import FOLDER, archive_path, data_option
from training.data.dataset import load_dataset
from training.data.fetch import DEFAULT_FOLDER, URLS, fetch_archive
from training.labelled.options import FILE
from training.output import ensure_writable
from training.progress import Progress
from training.tensorflow_import import import_tensorflow

RECIPE = click.Choice(list(RECIPES))


@click.command()
@click.option("--into", type=FOLDER, default=DEFAULT_FOLDER, show_default=True, help="Folder for the archive.")
@click.option(
    "--url",
    "urls",
    type=NonEmptyText(),
    multiple=True,
    help="URL of the archive; may be repeated.  [default: public mirrors]",
)
@click.option("--archive-only", is_flag=True, help="Fetch only the archive, not the Keras data set.")
def fetch(into: Path, urls: tuple[str, ...], archive_only: bool) -> None:
    """Download the Keras data set (into Keras's cache) and the Reuters-21578 archive; for research purposes only."""
    with Progress() as report:
        archive = fetch_archive(
            into, urls or URLS, lambda done, of: report("downloading", done, of or 0, f"{done / 1e6:.1f} MB")
        )
    click.echo(f"{archive}: complete, every file has the expected SHA-256.")
    if not archive_only:
        dataset = load_dataset()
        click.echo(f"Keras data set: {len(dataset.train.texts):,} training and {len(dataset.test.texts):,} test wires.")


@click.command()
@click.option(
    "--recipe",
    "names",
    metavar="NAME",
    type=RECIPE,
    multiple=True,
    help="Recipe to train; may be repeated.  [default: all]",
)
@data_option
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Number of networks per recipe."
)
@click.option("--output", type=FOLDER, default=Path("docs/book"), show_default=True, help="Folder to write to.")
def compare(names: tuple[str, ...], data: Path | None, seeds: int, output: Path) -> None:
    """Ablation: train every variant that the book discusses; write a table (Markdown, JSON) and a figure."""
    from training.book.ablation import FILES, markdown, write_comparison
    from training.book.ablation import compare as run

    recipes = [RECIPES[name] for name in names or RECIPES]
    ensure_writable(output, FILES)
    dataset = load_dataset(data)
    import_tensorflow()
    numbers = range(1, seeds + 1)
    with Progress() as report:
        rows = run(recipes, dataset, numbers, report)
    write_comparison(rows, numbers, output)
    click.echo(markdown(rows, numbers))


@click.command()
@data_option
@click.option(
    "--bundle",
    "bundles",
    type=FOLDER,
    multiple=True,
    default=(Path("models/book/1"), Path("models/headlines/7")),
    show_default=True,
    help="Bundle to add to the table; may be repeated.",
)
@click.option("--sentence-transformer", is_flag=True, help="Also test MiniLM with logistic regression; takes minutes.")
@click.option("--output", type=FOLDER, default=Path("docs/headlines"), show_default=True, help="Folder for the table.")
def baselines(data: Path | None, bundles: tuple[Path, ...], sentence_transformer: bool, output: Path) -> None:
    """Train linear baselines on the texts of the headline model and test them; write a table (Markdown, JSON)."""
    from training.data.corpus import read_corpus
    from training.reuters.baselines import (
        FILES,
        LINEAR,
        ensure_sentence_transformer,
        markdown,
        run_baselines,
        write_baselines,
    )

    if sentence_transformer:
        ensure_sentence_transformer()
    ensure_writable(output, FILES)
    classifiers = [load_classifier(bundle) for bundle in bundles]
    corpus = read_corpus(archive_path(data))
    done, models = count(1), len(LINEAR) + sentence_transformer + len(bundles)
    with Progress() as report:
        rows = run_baselines(corpus, classifiers, lambda: report("models", next(done), models), sentence_transformer)
    write_baselines(rows, output)
    click.echo(markdown(rows))


@click.command("present-day")
@click.argument("file", type=FILE)
@click.option(
    "--bundle", type=FOLDER, default=Path("models/headlines/7"), show_default=True, help="Folder of the bundle."
)
@click.option("--output", type=FOLDER, default=Path("docs/headlines"), show_default=True, help="Folder for the page.")
def present_day(file: Path, bundle: Path, output: Path) -> None:
    """Measure a bundle on present-day headlines; write a page (Markdown, JSON).

    Each line of FILE holds a kind, acceptable topic codes separated by | (`none`: about none of the topics), and a
    headline, separated by tabs.
    """
    from training.evaluation.present_day.figures import measure_headlines
    from training.evaluation.present_day.headlines import read_headlines
    from training.evaluation.present_day.page import markdown, write_page

    ensure_writable(output)
    figures = measure_headlines(load_classifier(bundle), read_headlines(file))
    write_page(figures, output)
    click.echo(markdown(figures))
