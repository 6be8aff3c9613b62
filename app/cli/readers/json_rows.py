"""Reads rows from JSON Lines and from JSON arrays of strings or objects."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NoReturn

from pydantic_core import PydanticSerializationError, from_json, to_json

from app.cli.exit_status import InputError
from app.cli.readers.lines import MAX_LINE_BYTES, TOO_LONG, Line, LongLine, split_lines
from app.cli.readers.row import (
    EMPTY,
    NO_COLUMNS,
    NOT_UTF_8,
    Row,
    RowOptions,
    is_text,
    joined,
    surrogate_fault,
    unique_names,
    validate_row,
)

_BLANK = " \t\r\n"
_AFTER_VALUE = frozenset(f"{_BLANK},]")
_MAX_NAMES = 5
_MAX_NAME_CHARACTERS = 40
"""Limits of what an error lists of an object's fields."""
_DECODER = json.JSONDecoder()


class Fields:
    """Makes rows from JSON values."""

    def __init__(self, options: RowOptions) -> None:
        self._options = options

    def row(self, line: int, value: object) -> Row:
        """The row of an object; it has a fault if the value is not an object with a valid headline."""
        if not isinstance(value, dict):
            return Row(line, "", "is not a JSON object")
        names = self._options.names
        headline = value.get(names[0]) if len(names) == 1 else None
        if not isinstance(headline, str):
            headline, fault = self._joined(value)
            if fault is not None:
                return Row(line, "", fault)
        kept = self._kept(value)
        try:
            to_json(dict(kept))
        except PydanticSerializationError:  # lone surrogates
            return Row(line, "", surrogate_fault(json.dumps(dict(kept), ensure_ascii=False)))
        return validate_row(line, headline, self._options.max_characters, kept)

    def text(self, line: int, value: object) -> Row:
        """The row of an array element, which may be a string or an object."""
        if isinstance(value, str):
            return validate_row(line, value, self._options.max_characters)
        return self.row(line, value) if isinstance(value, dict) else Row(line, "", "is neither a text nor an object")

    def _joined(self, value: Mapping[str, Any]) -> tuple[str, str | None]:
        """The headline from all the fields, without those that are null, and why an object has none."""
        texts = []
        for name in self._options.names:
            if name not in value:
                return "", f"has no field {name!r}{_has(value)}"
            text = value[name]
            if isinstance(text, str):
                texts.append(text)
            elif text is not None:
                return "", f"has a field {name!r} that is not a text"
        return joined(texts), None if texts else EMPTY

    def _kept(self, value: dict[str, Any]) -> Mapping[str, object]:
        options = self._options
        names = [name for name in value if name not in options.names] if options.keep is None else options.keep
        if not names:
            return NO_COLUMNS
        called = unique_names(names, options.result)
        return dict(zip(called, map(value.get, names), strict=True))


def _has(value: Mapping[str, object]) -> str:
    """The first fields of an object, in brackets; nothing if it has none."""
    names = [name[:_MAX_NAME_CHARACTERS] for name in islice(value, _MAX_NAMES)]
    more = ", ..." if len(value) > _MAX_NAMES else ""
    return f" (it has {', '.join(map(repr, names))}{more})" if names else ""


def json_line_rows(lines: Iterable[Line], fields: Fields, line: int = 1) -> Iterator[Row]:
    """Yield the rows of JSON Lines; `line` is the number of the first line."""
    for number, raw in enumerate(lines, start=line):
        if isinstance(raw, LongLine):
            yield Row(number, "", TOO_LONG)
            continue
        if not raw.strip():
            yield Row(number, "", EMPTY)
            continue
        try:
            value = from_json(raw)
        except ValueError as error:
            utf_8 = is_text(raw.decode(errors="surrogateescape"))
            yield Row(number, "", f"is not JSON ({error})" if utf_8 else NOT_UTF_8)
        else:
            yield fields.row(number, value)


def json_rows(pieces: Iterator[bytes], fields: Fields, name: str) -> Iterator[Row]:
    """Yield the rows of a JSON array, numbered from 1, or of JSON Lines if the first character is not `[`.

    Raises:
        InputError: the input, called `name` in messages, is not JSON; all rows before that point have been yielded.
    """
    head = b""
    # A pipe may deliver the first brace of an object alone.
    while not head.strip() or (head.strip() == b"{" and len(head) < 1_000):
        piece = next(pieces, None)
        if piece is None:
            break
        head = head[-1:] + piece if head.isspace() and len(head) > MAX_LINE_BYTES else head + piece
    if not head.strip():
        return
    pieces = chain([head], pieces)
    first, *more = head.lstrip().splitlines()
    first = first.strip()
    # Unlike an object that was cut off, the first line of one over several lines ends where JSON may be broken.
    if first == b"{" or (more and first.startswith(b"{") and first.endswith((b"{", b"[", b",", b":"))):
        raise InputError(
            f"{name}: holds an object over several lines; write an array, or one object per line, as"
            " jq -c '.rows[]' does with the objects in its field `rows`."
        )
    if not first.startswith(b"["):
        yield from json_line_rows(split_lines(pieces), fields)
        return
    for number, value in enumerate(_elements(pieces, name), start=1):
        yield fields.text(number, value)


class _JsonStream:
    """Reads JSON values from pieces of bytes, with one piece and the unread rest of earlier ones in memory."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        # Invalid bytes become lone surrogates, so that only the element that holds them is bad.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.held = ""
        self.at = 0
        self.complete = False

    def more(self) -> None:
        """Drop what has been read and append the next piece."""
        piece = next(self._pieces, None)
        self.complete = piece is None
        self.held = self.held[self.at :] + self._decoder.decode(piece or b"", self.complete)
        self.at = 0

    def peek(self) -> str:
        """Skip white space; return the next character without reading it, empty at the end."""
        while True:
            while self.at < len(self.held) and self.held[self.at] in _BLANK:
                self.at += 1
            if self.at < len(self.held) or self.complete:
                return self.held[self.at : self.at + 1]
            self.more()

    def value(self) -> object:
        """Read a JSON value of at most MAX_LINE_BYTES that `peek` has found; raises ValueError or RecursionError."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.held, self.at)
                if self.held[end : end + 1] in _AFTER_VALUE or self._is_last_try():  # a number may continue
                    self.at = end
                    return value
            except ValueError:
                if not self.complete and self._is_last_try():
                    raise ValueError(f"the next one {TOO_LONG}") from None
                if self.complete:
                    raise
            self.more()

    def _is_last_try(self) -> bool:
        return self.complete or len(self.held) - self.at > MAX_LINE_BYTES


def _elements(pieces: Iterator[bytes], name: str) -> Iterator[object]:
    """Yield the elements of an array that starts with the first character."""
    text = _JsonStream(pieces)
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
        why = str(getattr(error, "msg", error))[:80]  # without JSONDecodeError's position, which is within `held`
        raise InputError(
            f"{name}: is not a valid JSON array after element {number} ({why}); earlier elements were read."
        ) from None


def _fail(why: str) -> NoReturn:
    raise ValueError(why)
