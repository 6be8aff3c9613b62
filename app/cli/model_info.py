"""The commands `python -m app model` and `python -m app topics`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.predictors import load, settings_for
from app.cli.standard_streams import write_lines
from app.cli.usage_errors import NonEmptyPath
from app.control_characters import one_line
from app.settings import DEFAULT_MODEL
from app.terminal_columns import columns

MAX_CELL_CHARACTERS = 60
"""Maximum length of a code or name in the table, in characters."""


Command = TypeVar("Command", bound=Callable[..., Any])


def model_option(name: str, metavar: str = "FOLDER", more: str = "") -> Callable[[Command], Command]:
    """The option --model, as the argument `name` of a command; `more`: what else it may be, for the help text."""
    default = f"the included {DEFAULT_MODEL}"
    told = f"Folder of a bundle{more}.  [variable: TOPICS_MODEL, the first of several folders; default: {default}]"
    return click.option("--model", name, type=NonEmptyPath(path_type=Path), metavar=metavar, help=told)


@click.command()
@model_option("folder")
def model(folder: Path | None) -> None:
    """Print the model's manifest as JSON."""
    bundle = load(settings_for(folder)).bundle
    manifest = bundle.manifest.model_dump(mode="json", exclude={"format", "topics", "files", "reference"})
    write_lines(json.dumps({"path": str(bundle.path), "digest": bundle.digest} | manifest, indent=2))


@click.command()
@model_option("folder")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines instead of a table.")
def topics(folder: Path | None, as_json: bool) -> None:
    """List the topics with support, precision, recall and F1."""
    classifier = load(settings_for(folder))
    known = classifier.topics
    if as_json:
        write_lines(*(topic.model_dump_json() for topic in known))
        return
    codes = [one_line(topic.code, MAX_CELL_CHARACTERS) for topic in known]
    names = [one_line(topic.name, MAX_CELL_CHARACTERS) for topic in known]
    code_width, width = max(15, *map(columns, codes)), max(4, *map(columns, names))
    named = any(topic.code != topic.name for topic in known)  # labels of own data are usually their own names
    heading = f"  {'name':{width}}" if named else ""
    lines = [f"label  {'topic':{code_width}}{heading}  support  precision  recall     F1"]
    for topic, code, name in zip(known, codes, names, strict=True):
        skill = [f"{value:.2f}" if value is not None else "-" for value in (topic.precision, topic.recall, topic.f1)]
        called = f"  {_padded(name, width)}" if named else ""
        lines.append(
            f"{topic.label:5}  {_padded(code, code_width)}{called}  {topic.support:7}"
            f"  {skill[0]:>9}  {skill[1]:>6}  {skill[2]:>5}"
        )
    outside = classifier.bundle.manifest.outside
    if outside is not None:
        rates = (outside.lost, outside.found)
        false_positive, true_positive = (f"{rate:.0%}" if rate is not None else "-" for rate in rates)
        lines.append(
            f"Texts with `outside` above {classifier.outside_threshold:g} are marked. At {outside.threshold:g}:"
            f" {true_positive} of the held-out texts without a topic, and {false_positive} of those with one."
        )
    write_lines(*lines)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
