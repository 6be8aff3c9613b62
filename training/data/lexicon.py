"""The lexicon: headline-like texts of 2000 to 2026 with their topics, written by the project as training text."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.classifier.tokenizer import tokenize
from training.data.topics import LABELS
from training.errors import LexiconError

LEXICON: Final = Path(__file__).parents[1] / "reuters" / "lexicon"
OUTSIDE: Final = "outside"
"""The code of a text that is about none of the topics."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text and its topics."""

    text: str
    topics: tuple[str, ...]
    """Codes of the topics, the main one first; empty for a text about none of them."""


def load_lexicon(folder: Path = LEXICON) -> tuple[Entry, ...]:
    """Read every `*.tsv` file of a folder, in the order of their names.

    A line is `codes<TAB>text`, its codes separated by one space. Empty lines and lines that begin with `#` are skipped.

    Raises:
        LexiconError: a file is missing or unreadable, a code is unknown, a text is empty, or the words of a text
            occur twice; the message names file and line.
    """
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise LexiconError(f"{folder}: holds no .tsv file; give the folder of the lexicon.")
    entries: list[Entry] = []
    places: dict[tuple[str, ...], str] = {}
    for file in files:
        for place, line in _lines(file):
            entry = _parse(line, place)
            words = tuple(tokenize(entry.text))
            if not words:
                raise LexiconError(f"{place}: the text has no words; write one or delete the line.")
            if words in places:
                raise LexiconError(f"{place}: has the same words as {places[words]}; delete one of them.")
            places[words] = place
            entries.append(entry)
    return tuple(entries)


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """Place (`file:line`) and text of each line that holds an entry."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LexiconError(f"{file}: cannot be read as UTF-8 ({error}); save it as UTF-8 text.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield f"{file}:{number}", line


def _parse(line: str, place: str) -> Entry:
    head, tab, text = line.partition("\t")
    if not tab or "\t" in text:
        raise LexiconError(f"{place}: does not have two columns; write codes, one tab, text.")
    if text != text.strip() or not text.isprintable():
        raise LexiconError(f"{place}: the text has spaces at its edges or invisible characters; remove them.")
    codes = tuple(head.split(" "))
    if codes == (OUTSIDE,):
        return Entry(text, ())
    for code in codes:
        if code == OUTSIDE:
            raise LexiconError(f"{place}: has {OUTSIDE!r} beside a topic; write either.")
        if code not in LABELS:
            raise LexiconError(f"{place}: {code!r} is not a code; write codes of training/data/topics.py or {OUTSIDE}.")
    if len(set(codes)) < len(codes):
        raise LexiconError(f"{place}: has a code twice; delete one of them.")
    return Entry(text, codes)
