"""The group of commands, their sections in the help, and examples of each."""

from typing import Final

import click

from training.cli.card import card
from training.cli.entry_point import EntryPoint
from training.cli.evaluate import evaluate
from training.cli.labelled import check, export, fit
from training.cli.reuters import baselines, compare, fetch, present_day
from training.cli.train import train

SECTIONS: Final = {
    "Your own labels": {
        check: ("check news.csv", "check news.csv --text headline --label section --output checked"),
        fit: (
            "fit news.csv --text headline --label section --output models/news/1",
            "fit news.csv --test later.csv --unlabelled archive.txt --output models/news/2",
        ),
        evaluate: (
            "evaluate models/news/1 --test later.csv",
            "evaluate models/news/2 --test later.csv --against models/news/1",
            "evaluate models/headlines/7 --data DIR",
        ),
        export: ("export models/news/1 --format onnx --output export/news",),
        card: ("card models/news/1",),
    },
    "Reuters": {
        fetch: ("fetch",),
        train: ("train --recipe headlines --output models/mine/1", "train --recipe book --seeds 5"),
        compare: ("compare --recipe book --recipe bottleneck-4 --output compared",),
        baselines: ("baselines --bundle models/headlines/7 --output compared",),
        present_day: ("present-day headlines.tsv --bundle models/headlines/7",),
    },
}
"""Every command, below its heading in the help, with its examples."""


@click.group(
    cls=EntryPoint,
    sections={name: tuple(str(command.name) for command in commands) for name, commands in SECTIONS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Train models on labelled texts and write them as bundles that the service loads.

    Start with `fit` on your own file, or with `fetch` and `train` on the Reuters data. Each command has --help.
    """


for commands in SECTIONS.values():
    for command, examples in commands.items():
        command.epilog = "\b\n" + "\n".join(["Examples:", *(f"  python -m training {line}" for line in examples)])
        cli.add_command(command)
