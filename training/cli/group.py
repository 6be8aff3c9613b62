"""The group of commands, and their sections in the help."""

from typing import Final

import click

from training.cli.evaluate import evaluate
from training.cli.labelled import check, export, fit
from training.cli.reuters import baselines, card, compare, fetch
from training.cli.train import train
from training.entry_point import EntryPoint

SECTIONS: Final = {
    "Your own labels": (check, fit, evaluate, export),
    "Reuters": (fetch, train, compare, baselines, card),
}
"""Heading in the help -> commands below it."""


@click.group(cls=EntryPoint, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Train models on labelled texts and write them as bundles that the service loads.

    Start with `fit` on your own file, or with `fetch` and `train` on the Reuters data.
    """


for commands in SECTIONS.values():
    for command in commands:
        cli.add_command(command)
