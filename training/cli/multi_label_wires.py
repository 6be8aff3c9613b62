"""The recipe `headlines-multi`: `fit` on titles and bodies of the Reuters wires, with all their topics."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from training.data.modapte import read_modapte
from training.labelled.columns import Columns
from training.labelled.options import DataOptions, LabelledData
from training.labelled.rows import LabelledRow, Table
from training.labelled.split import split_rows
from training.tensorflow_import import ensure_tensorflow

NAME: Final = "headlines-multi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires(DataOptions):
    """Rows of the archive: two for each wire, its title and its body, both with the wire's number as their line."""

    def load(self, prepare: Callable[[Table], Table] = lambda table: table) -> LabelledData:
        """The training part of the ModApte split, and its test part; see `read_modapte` for what is raised."""
        [archive] = self.files
        train, test = (
            Table(
                rows=[
                    LabelledRow(text, tuple(dict.fromkeys(wire.topics)), archive.name, wire.number)
                    for wire in read_modapte(archive, part)
                    for text in (wire.title, wire.body)
                    if text
                ],
                columns=[Columns(archive.name, ("TITLE and BODY",), "TOPICS", None, guessed=())],
            )
            for part in ("TRAIN", "TEST")
        )
        train, test = prepare(train), prepare(test)
        return LabelledData(train, test, split_rows(train, test, min_rows=self.min_rows))


def train_multi_label(archive: Path, seed: int, output: Path, force: bool) -> None:
    """Train, write the bundle, and print figures of all test rows, of titles and of bodies.

    Raises:
        TrainingError: the archive cannot be read, or the bundle cannot be written.
    """
    from app.classifier import load_classifier
    from training.bundles.writer import ensure_bundle_writable
    from training.evaluation.labelled_rows import evaluate_rows
    from training.fit.command import fit_rows

    ensure_bundle_writable(output, force)
    ensure_tensorflow()
    click.echo(fit_rows(Wires(files=(archive,), outside=("",), seed=seed), output, force))
    classifier = load_classifier(output)
    tested = list(read_modapte(archive, "TEST"))
    for name, texts in (("titles", [wire.title for wire in tested]), ("bodies", [wire.body for wire in tested])):
        rows = [
            LabelledRow(text, wire.topics, archive.name, wire.number)
            for text, wire in zip(texts, tested, strict=True)
            if text
        ]
        measured = evaluate_rows(classifier, rows).figures([topic.code for topic in classifier.topics])["test"]
        click.echo(
            f"{name}: {measured['texts']:,} rows, micro-F1 {measured['micro_f1']:.3f},"
            f" macro-F1 {measured['macro_f1']:.3f}"
        )
