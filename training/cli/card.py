"""The command `card`: regenerates the model card of a bundle."""

from pathlib import Path

import click

from app.classifier import load_bundle
from training.book.recipes import RECIPES
from training.cli.options import FOLDER
from training.errors import RecipeError
from training.reuters.recipe import HEADLINES


@click.command()
@click.argument("bundle", type=FOLDER)
def card(bundle: Path) -> None:
    """Regenerate the model card of a BUNDLE from its manifest, after a change of the card template."""
    from training.book.model_card import write_card as book_card
    from training.bundles.writer import replace_card
    from training.fit.publish import RECIPE as FIT
    from training.fit.reporting.model_card import write_card as fit_card
    from training.reuters.reporting.model_card import sample_left_out
    from training.reuters.reporting.model_card import write_card as headlines_card

    manifest = load_bundle(bundle).manifest
    recipe = manifest.recipe.get("name")
    cards = {FIT: fit_card, HEADLINES.name: headlines_card} | dict.fromkeys(RECIPES, book_card)
    if recipe not in cards:
        raise RecipeError(f"{bundle}: its recipe is unknown to this program, so its card cannot be written.")
    try:
        text = cards[recipe](manifest)
    except KeyError as error:  # a bundle of another release
        raise RecipeError(
            f"{bundle}: its manifest lacks {error}, which the card of this release shows; keep its card, or train it"
            " again."
        ) from error
    classifier = replace_card(bundle, text)
    if recipe == HEADLINES.name and (reason := sample_left_out(manifest)):
        click.echo(reason, err=True)
    click.echo(f"{bundle}: README.md written; the digest is now {classifier.bundle.digest}.")
