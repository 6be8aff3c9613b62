"""Wires about none of the 46 topics: training texts of the outside class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from app.classifier.tokenizer import tokenize
from training.data.corpus import ArchiveWire, Wire, read_archive
from training.data.topics import LABELS

LEAD_WORDS = 20
"""Wires whose bodies begin with the same words, as many as these, are versions of one story."""


def read_outside(
    archive: Path, corpus: Sequence[Wire], part: Literal["TRAIN", "TEST"] = "TRAIN"
) -> tuple[ArchiveWire, ...]:
    """Wires of a part of the ModApte split that have no topic or only rare ones, in the archive's order.

    Left out are wires marked `BYPASS`, which have hardly any text, and those with the title or the beginning of a wire
    of the Keras data set, in its training or its test part. Some of the rest should have had a topic.

    All wires of the test part are later than those of the training part. They are for measuring, so of them only those
    marked `YES` count, whose topics were looked for: a fifth of those marked `NO` are results and takeovers.

    Raises:
        CorpusError: the archive cannot be read.
    """
    marked = {"YES", "NO"} if part == "TRAIN" else {"YES"}
    titles = {tuple(tokenize(wire.title)) for wire in corpus if wire.title}
    leads = {_lead(wire.body) for wire in corpus if wire.body}
    return tuple(
        wire
        for wire in read_archive(archive)
        if wire.part == part
        and wire.marked in marked
        and not any(topic in LABELS for topic in wire.topics)
        and not (wire.title and tuple(tokenize(wire.title)) in titles)
        and not (wire.body and _lead(wire.body) in leads)
    )


def _lead(body: str) -> tuple[str, ...]:
    return tuple(tokenize(body)[:LEAD_WORDS])
