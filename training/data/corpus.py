"""Reads the wires of the Keras data set, titles included, straight from the Reuters-21578 archive.

`keras.datasets.reuters` holds word ids of bodies only. It was made by a script of 2015 that read the archive's SGML
files in order, kept each wire whose *first* topic has at least 15 wires, and numbered the topics as they came
(https://github.com/keras-team/keras, `make_reuters_dataset`, since removed). This module follows the same rules, so
it gives exactly the wires of Keras, and adds what that script left out: titles, further topics, and whether the text
is the wire's own.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from training.data.archive import ArchiveError, read_files
from training.data.split import keras_order
from training.data.topics import LABELS
from training.errors import CorpusError

KERAS_WIRES: Final = 11_228
KERAS_TRAIN: Final = 8_982
ARCHIVE_WIRES: Final = 21_578
ARCHIVE_FILES: Final = tuple(f"reut2-{number:03}.sgm" for number in range(22))


@dataclass(frozen=True, slots=True)
class ArchiveWire:
    """One wire of the archive."""

    number: int
    """The archive's own number (`NEWID`), 1 to 21,578."""
    title: str | None
    """Its headline, entities decoded, on one line; None if it has none."""
    body: str | None
    """Its own text, entities decoded, without the closing `Reuter`; None if it has none."""
    keras_text: str
    """The raw text that Keras used, entities included: its own body or, by mistake, that of the next wire."""
    topics: tuple[str, ...]
    """All assigned topics, in the archive's order; may be empty."""
    marked: str = "YES"
    """Whether it was to have topics (`TOPICS`): `YES`, `NO` or `BYPASS`."""
    part: str = "TRAIN"
    """Its part of the ModApte split (`LEWISSPLIT`): `TRAIN`, `TEST` or `NOT-USED`."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire of the Keras data set; `ArchiveWire` describes the first five fields."""

    number: int
    title: str | None
    body: str | None
    keras_text: str
    topics: tuple[str, ...]
    label: int
    """Keras's label, the number of the first topic."""
    labels: tuple[int, ...]
    """The numbers of all assigned topics that are among the 46; the first is `label`."""
    split: Literal["train", "test"]
    """Its part of the Keras split (seed 113, one fifth for testing)."""
    position: int
    """Its index in that part: `x_train[position]` or `x_test[position]` of `load_data()`."""


def read_corpus(archive: Path) -> tuple[Wire, ...]:
    """Read the Keras data set in the order and with the split of `keras.datasets.reuters.load_data()`.

    Args:
        archive: `reuters21578.tar.gz`.

    Returns:
        11,228 wires: the 8,982 of the training part in their order, then the 2,246 of the test part in theirs.

    Raises:
        CorpusError: the archive cannot be read, or does not hold exactly these wires.
    """
    kept = [wire for wire in read_archive(archive) if wire.topics and wire.topics[0] in LABELS]
    if len(kept) != KERAS_WIRES:
        raise CorpusError(
            f"{archive} holds {len(kept):,} wires of the 46 topics where Keras has {KERAS_WIRES:,}; "
            "use the unchanged archive of Reuters-21578, Distribution 1.0."
        )
    return tuple(_place(kept[index], rank) for rank, index in enumerate(keras_order(KERAS_WIRES)))


def read_archive(archive: Path) -> Iterator[ArchiveWire]:
    """Read every wire of the archive in its order, with any topics, without unpacking to disk.

    Args:
        archive: `reuters21578.tar.gz`.

    Yields:
        21,578 wires.

    Raises:
        CorpusError: the archive is missing, truncated or not a gzipped tar, or lacks a file or wires.
    """
    count = 0
    for name, text in _read_files(archive):
        for wire in _parse_file(name, text):
            count += 1
            yield wire
    if count != ARCHIVE_WIRES:
        raise CorpusError(f"{archive} holds {count:,} wires instead of {ARCHIVE_WIRES:,}; fetch Reuters-21578 again.")


def _place(wire: ArchiveWire, rank: int) -> Wire:
    """The wire with its label, split and position; `rank` (0 to 11,227) is its index in the shuffled set."""
    in_train = rank < KERAS_TRAIN
    return Wire(
        number=wire.number,
        title=wire.title,
        body=wire.body,
        keras_text=wire.keras_text,
        topics=wire.topics,
        label=LABELS[wire.topics[0]],
        labels=tuple(LABELS[topic] for topic in wire.topics if topic in LABELS),
        split="train" if in_train else "test",
        position=rank if in_train else rank - KERAS_TRAIN,
    )


def _read_files(archive: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each of the 22 SGML files, in order; raises CorpusError if one cannot be read."""
    try:
        files = read_files(archive, ARCHIVE_FILES)
    except FileNotFoundError as error:
        raise CorpusError(
            f"There is no archive at {archive}; run `python -m training fetch`, or set --data to a folder that has"
            " reuters21578.tar.gz."
        ) from error
    except ArchiveError as error:
        raise CorpusError(f"{archive} cannot be read ({error}); fetch it again.") from error
    for name in ARCHIVE_FILES:
        if name not in files:
            raise CorpusError(f"{archive} lacks the file {name}; fetch Reuters-21578 again.")
        # The files claim no encoding and have a few stray bytes above 127: Latin-1 takes every byte.
        yield name, files.pop(name).decode("latin-1")


def _parse_file(name: str, text: str) -> Iterator[ArchiveWire]:
    """The wires of one SGML file; raises CorpusError if one is cut off or lacks its number or topics."""
    start = text.find("<REUTERS ")
    while start != -1:
        end = text.find("</REUTERS>", start)
        number = _between(text, 'NEWID="', '"', start, end)
        topics = _between(text, "<TOPICS>", "</TOPICS>", start, end)
        if end == -1 or number is None or not number.isdecimal() or topics is None:
            raise CorpusError(f"{name}, character {start:,}: a wire is cut off or malformed; fetch the archive again.")
        title = _between(text, "<TITLE>", "</TITLE>", start, end)
        body = _between(text, "<BODY>", "</BODY>", start, end)
        yield ArchiveWire(
            number=int(number),
            title=None if title is None else " ".join(html.unescape(title).split()) or None,
            body=None if body is None else _clean_body(body),
            keras_text=_keras_text(text, start),
            topics=tuple(topics.replace("<D>", "").split("</D>")[:-1]),
            marked=_between(text, 'TOPICS="', '"', start, end) or "YES",
            part=_between(text, 'LEWISSPLIT="', '"', start, end) or "TRAIN",
        )
        start = text.find("<REUTERS ", end)


def _between(text: str, opening: str, closing: str, start: int, end: int) -> str | None:
    """The text between the first `opening` in `text[start:end]` and the next `closing`, or None."""
    first = text.find(opening, start, end)
    if first == -1:
        return None
    last = text.find(closing, first + len(opening), end)
    return None if last == -1 else text[first + len(opening) : last]


def _keras_text(text: str, start: int) -> str:
    """The text that Keras's script used for the wire at `start`, with both mistakes of that script."""
    # It searched to the end of the file, not of the wire: 975 wires without a body got that of a later wire.
    # Where no body follows (number 7000 only), find's -1 made it start at the sixth character of the file.
    first = text.find("<BODY>", start) + len("<BODY>")
    return text[first : text.find("</", first)]


def _clean_body(raw: str) -> str:
    """Decode the entities of a body and drop the closing `Reuter`; the end mark `&#3;` decodes to an empty string."""
    body = html.unescape(raw).strip()
    words = body.rsplit(maxsplit=1)
    # It says nothing about the topic, and headlines and pasted articles do not end with it.
    if words and words[-1].lower() == "reuter":
        body = body[: -len(words[-1])].rstrip()
    return body
