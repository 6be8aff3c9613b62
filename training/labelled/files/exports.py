"""Files that are not read as they are, such as exports of annotation tools: the jq commands that make rows of them."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from training.labelled.columns import LABEL_NAMES, TEXT_NAMES, is_usual

_MAX_KEY_CHARACTERS: Final = 40
_MAX_DEPTH: Final = 4
"""Of fields that a command names; longer or deeper ones are none of text and label."""

FASTTEXT: Final = "__label__"
"""Begins each label in a file of fastText, whose lines have labels and words."""
FASTTEXT_ROW: Final = rf'{{text: gsub("{FASTTEXT}\\S+\\s*"; ""), label: [scan("{FASTTEXT}(\\S+)")[]]}}'
"""jq filter that makes a row of a line."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Export(NamedTuple):
    """A file whose rows another program has written in a form of its own."""

    program: str
    convert: str
    """jq filter that makes a row of one value of the file, or several."""


def find_export(first: Mapping[str, Any]) -> Export | None:
    """The program that wrote a file, by its first object; None if it is none of those known here."""
    match first:
        case {"data": dict(data), "annotations": list(annotations)}:
            return Export("Label Studio", _label_studio(data, annotations))
        case {"_task_hash": _, "answer": _}:
            # Rejected labels must not be learned, and `accept` has those of several choices.
            return Export("Prodigy", 'select(.answer == "accept") | {text, label: (.accept // .label)}')
        case {"fields": dict(fields), "responses": dict(responses)}:
            text, label = _field(_text_key(fields), ".fields"), _field(next(iter(responses), "label"), ".responses")
            return Export("Argilla", f"{text} as $text | {label}[]? | {{text: $text, label: .value}}")
        case {"columns": list(), "index": list(), "data": list(), **others} if not others:
            rows = ".columns as $names | .data[] | [$names, .] | transpose | map({(.[0]): .[1]}) | add"
            return Export("pandas", rows)
    columns = list(first.values())
    if all(isinstance(column, dict) and column and all(map(str.isdecimal, column)) for column in columns):
        rows = "[.[]][0] | keys_unsorted[] as $row | $table | map_values(.[$row])"
        return Export("pandas", f". as $table | {rows}") if columns else None
    return None


def nested_rows(first: Mapping[str, Any]) -> str:
    """A jq filter that makes rows of an object with nested fields; empty if text and label are not in these."""
    leaves = list(_leaves(first))
    texts = [leaf for leaf in leaves if isinstance(leaf.value, str) and "[]" not in leaf.path]
    text = max(texts, key=lambda leaf: (leaf.is_usual(TEXT_NAMES), len(str(leaf.value))), default=None)
    labels = [leaf for leaf in leaves if leaf is not text]
    label = max(labels, key=lambda leaf: (leaf.is_usual(LABEL_NAMES), isinstance(leaf.value, str)), default=None)
    rows = [key for key, value in first.items() if any(leaf.is_usual(TEXT_NAMES) for leaf in _leaves(_objects(value)))]
    if rows and (text is None or not text.is_usual(TEXT_NAMES)):
        return f"{_field(rows[0])}[]"
    if text is None or label is None or {text.path, label.path} <= {_field(key) for key in first}:
        return ""
    return f"{{text: {text.path}, label: {f'[{label.path}]' if '[]' in label.path else label.path}}}"


def command(convert: str, file: str, *, array: bool = False, lines: bool = False) -> str:
    """The command, in backquotes, that applies a jq filter to each value, to the elements of an array, or to lines."""
    jq = f"jq {'-cR' if lines else '-c'} {shlex.quote(f'.[] | {convert}' if array else convert)}"
    if file.lower().endswith(".gz"):
        return f"`gzip -dc {shlex.quote(file)} | {jq} > rows.jsonl`"
    return f"`{jq} {shlex.quote(file)} > rows.jsonl`"


class _Leaf(NamedTuple):
    keys: tuple[str, ...]
    path: str
    """The keys as jq writes them, with `[]` for the elements of a list."""
    value: object

    def is_usual(self, names: frozenset[str]) -> bool:
        return any(is_usual(key, names) for key in self.keys)


def _leaves(value: object, keys: tuple[str, ...] = (), path: str = "") -> Iterator[_Leaf]:
    """Texts and whole numbers of an object and of the objects in it."""
    if isinstance(value, str | int):
        yield _Leaf(keys, path, value)
    elif isinstance(value, dict):
        for key, one in value.items() if len(keys) < _MAX_DEPTH else ():
            if len(key) <= _MAX_KEY_CHARACTERS:
                yield from _leaves(one, (*keys, key), _field(key, path))
    elif objects := _objects(value):
        yield from _leaves(objects[0], keys, f"{path}[]")


def _label_studio(data: Mapping[str, Any], annotations: Sequence[Any]) -> str:
    """Rows of a task: one for each annotation that was not cancelled, with the labels chosen in it."""
    question = next(_questions(annotations), None)
    select = f" | select(.from_name == {json.dumps(question)})" if question is not None else ""
    label = f"[.result[]{select} | .value.choices[]?]"
    annotated = ".annotations[] | select(.was_cancelled | not)"
    return f"{_field(_text_key(data), '.data')} as $text | {annotated} | {{text: $text, label: {label}}}"


def _questions(annotations: Sequence[Any]) -> Iterator[str]:
    """Names of the questions that are answered with choices; texts and ratings may come before them."""
    for annotation in annotations:
        match annotation:
            case {"result": list(results)}:
                for result in results:
                    match result:
                        case {"type": "choices", "from_name": str(name)}:
                            yield name


def _text_key(fields: Mapping[str, Any]) -> str:
    """The key of the text: one with a usual name, or else that of the longest text."""
    texts = {key: (is_usual(key, TEXT_NAMES), len(value)) for key, value in fields.items() if isinstance(value, str)}
    return max(texts, key=texts.__getitem__, default="text")


def _field(key: str, parent: str = "") -> str:
    """The path of a key of an object, whose own path is `parent`, as jq writes it."""
    if _PLAIN_KEY.fullmatch(key):
        return f"{parent}.{key}"
    return f"{parent or '.'}[{json.dumps(key)}]"


def _objects(value: object) -> list[Mapping[str, Any]]:
    """The value if it is a list of objects, by its first element; otherwise an empty list."""
    return value if isinstance(value, list) and value and isinstance(value[0], dict) else []
