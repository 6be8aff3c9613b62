"""JSON Lines, and JSON arrays of texts or objects, to rows."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NoReturn

from pydantic_core import PydanticSerializationError, from_json, to_json

from app.cli.exit_status import InputError
from app.cli.readers.lines import MAX_LINE_BYTES, TOO_LONG, Line, LongLine, split_lines
from app.cli.readers.row import NOTHING, Row, checked
from app.cli.writers import clear_names

_BLANK = " \t\r\n"
_AFTER_VALUE = frozenset(f"{_BLANK},]")
_DECODER = json.JSONDecoder()


class Fields:
    """Takes a row out of a JSON value."""

    def __init__(self, name: str, max_characters: int, keep: Sequence[str] | None, result: Sequence[str]) -> None:
        """`name`: the field with the headline; `keep`: others that are kept, None for all; `result`: names in use."""
        self._name = name
        self._max_characters = max_characters
        self._keep = keep
        self._result = result

    def row(self, line: int, value: object) -> Row:
        """The row of an object, faulty ones included."""
        if not isinstance(value, dict):
            return Row(line, "", "is not a JSON object")
        headline = value.get(self._name)
        if not isinstance(headline, str):
            return Row(line, "", f"has no text in its field {self._name!r}")
        kept = self._kept(value)
        try:
            to_json(dict(kept))
        except PydanticSerializationError:  # lone surrogates
            return Row(line, "", "is not UTF-8")
        return checked(line, headline, self._max_characters, kept)

    def text(self, line: int, value: object) -> Row:
        """The row of an array's element: a text, or an object."""
        if isinstance(value, str):
            return checked(line, value, self._max_characters)
        return self.row(line, value) if isinstance(value, dict) else Row(line, "", "is neither a text nor an object")

    def _kept(self, value: dict[str, Any]) -> Mapping[str, object]:
        names = [name for name in value if name != self._name] if self._keep is None else self._keep
        if not names:
            return NOTHING
        return {called: value.get(name) for name, called in zip(names, clear_names(names, self._result), strict=True)}


def json_line_rows(lines: Iterable[Line], fields: Fields, line: int = 1) -> Iterator[Row]:
    """An object on each line."""
    for number, raw in enumerate(lines, start=line):
        if isinstance(raw, LongLine):
            yield Row(number, "", TOO_LONG)
            continue
        if not raw.strip():
            yield Row(number, "", "is empty")
            continue
        try:
            value = from_json(raw)
        except ValueError as error:
            yield Row(number, "", f"is not JSON ({error})")
        else:
            yield fields.row(number, value)


def json_rows(pieces: Iterator[bytes], fields: Fields, name: str) -> Iterator[Row]:
    """An array, whose elements are numbered from 1, or JSON Lines: which of them, the first character says.

    Raises:
        InputError: the input, which messages call `name`, is no JSON; what came before the fault has been yielded.
    """
    head = b""
    while not head.strip():
        piece = next(pieces, None)
        if piece is None:
            return
        head = head[-1:] + piece if head.isspace() and len(head) > MAX_LINE_BYTES else head + piece
    pieces = chain([head], pieces)
    first = head.lstrip().splitlines()[0].strip()
    if first == b"{":
        raise InputError(f"{name}: holds an object over several lines; wanted is an array, or an object on each line.")
    if not first.startswith(b"["):
        yield from json_line_rows(split_lines(pieces), fields)
        return
    for number, value in enumerate(_elements(pieces, name), start=1):
        yield fields.text(number, value)


class _Text:
    """A text that comes in pieces, of which one is held and what is left of those before."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        # Invalid bytes become lone surrogates, so that they cost their element only.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.held = ""
        self.at = 0
        self.complete = False

    def more(self) -> None:
        """Forget what has been read and add a piece."""
        piece = next(self._pieces, None)
        self.complete = piece is None
        self.held = self.held[self.at :] + self._decoder.decode(piece or b"", self.complete)
        self.at = 0

    def peek(self) -> str:
        """The next character that is not blank, empty at the end; what is blank before it is read."""
        while True:
            while self.at < len(self.held) and self.held[self.at] in _BLANK:
                self.at += 1
            if self.at < len(self.held) or self.complete:
                return self.held[self.at : self.at + 1]
            self.more()

    def value(self) -> object:
        """The JSON value that comes next, of MAX_LINE_BYTES at most; raises ValueError or RecursionError."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.held, self.at)
                if self.held[end : end + 1] in _AFTER_VALUE or self._may_not_go_on():  # else a number may
                    self.at = end
                    return value
            except ValueError:
                if self._may_not_go_on():
                    raise
            self.more()

    def _may_not_go_on(self) -> bool:
        return self.complete or len(self.held) - self.at > MAX_LINE_BYTES


def _elements(pieces: Iterator[bytes], name: str) -> Iterator[object]:
    """The elements of an array, of which the first character is its bracket."""
    text = _Text(pieces)
    number = 0
    follows = text.peek()
    text.at += 1
    if text.peek() == "]":
        text.at += 1
        follows = ""
    try:
        while follows:
            if not text.peek():
                _fail("it ends too early")
            yield text.value()
            number += 1
            follows = text.peek()
            text.at += 1
            if follows == "]":
                break
            if follows != ",":
                _fail(f"{follows!r} where a comma should be" if follows else "it ends too early")
        if text.peek():
            _fail("text follows its end")
    except (ValueError, RecursionError) as error:
        why = str(getattr(error, "msg", error))[:80]  # JSONDecodeError's words without a position in what is held
        raise InputError(f"{name}: is no JSON array beyond element {number} ({why}); those before were read.") from None


def _fail(why: str) -> NoReturn:
    raise ValueError(why)
