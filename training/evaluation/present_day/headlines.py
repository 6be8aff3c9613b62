"""Reads present-day headlines with the topics that are acceptable for each."""

from dataclasses import dataclass
from pathlib import Path

from training.errors import TableError


@dataclass(frozen=True, slots=True)
class Headline:
    """A line of the file: kind, acceptable topic codes separated by |, and headline, separated by tabs."""

    kind: str
    codes: tuple[str, ...]
    """`none` means: about none of the model's topics."""
    text: str


def read_headlines(file: Path) -> list[Headline]:
    """Read the headlines of a file.

    Raises:
        TableError: the file has no line or is not UTF-8, or a line has another format.
    """
    headlines = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                cells = line.rstrip("\n").split("\t")
                if len(cells) != 3:
                    raise TableError(f"{file}: line {number} needs kind, codes and headline, separated by tabs.")
                headlines.append(Headline(cells[0], tuple(cells[1].split("|")), cells[2]))
    except UnicodeDecodeError:
        raise TableError(f"{file}: is not UTF-8; convert it, such as with iconv -t UTF-8.") from None
    if not headlines:
        raise TableError(f"{file}: has no headlines; each line is kind, codes and headline, separated by tabs.")
    return headlines
