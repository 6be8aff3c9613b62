"""The report on labelled rows as plain text for a terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from app.control_characters import one_line
from app.terminal_columns import columns
from training.labelled.bad_rows import MAX_SHOWN
from training.labelled.reporting.report import DataReport, Groups, LabelCount
from training.wording import count, enumerated, listed, share

WIDTH: Final = 100
MAX_LABELS: Final = 20
"""Maximum number of labels that are listed; the page and the JSON have all."""
_MAX_GROUPS = 3
_CHARACTERS_PER_COLUMN = 8
"""Combining marks take no column, so that a text of any length may fit into a few columns."""

METHODS: Final = {
    "share": "a share of each label, held out",
    "time": "the latest rows",
    "file": "the rows of the test files",
}


def terminal_report(report: DataReport) -> str:
    """The report in lines of at most WIDTH columns."""
    parts: list[Iterable[str]] = [_rows(report), _notes(report), _labels(report), _texts(report)]
    parts += [
        _groups("The same text under different labels", report.conflicts),
        _groups("Near duplicates", report.near),
    ]
    if report.bad:
        shown = [f"  {one_line(bad.line)} {one_line(bad.why)}" for bad in report.first_bad]
        which = f", the first {MAX_SHOWN} of each reason" if len(shown) < report.bad else ""
        parts.append([f"Bad rows ({report.bad:,}{which})", *shown])
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def cut(text: str, width: int) -> str:
    """A text in at most `width` columns of a terminal, with an ellipsis if something is missing."""
    head = one_line(text[: _CHARACTERS_PER_COLUMN * width])
    if len(head) == len(text) and columns(head) <= width:
        return head
    taken = 0
    for place, character in enumerate(head):
        taken += columns(character)
        if taken >= width:
            return head[:place].rstrip() + "…"
    return head.rstrip() + "…"


def _rows(report: DataReport) -> Iterator[str]:
    for source in report.columns:
        text, label = (" (guessed)" if source.guessed == (which,) else "" for which in ("text", "label"))
        both = " (both guessed)" if len(source.guessed) > 1 else ""
        named = f", with the {count(source.classes, 'class name')} of the file" if source.classes else ""
        time = f", times from {_column(source.time)}" if source.time else ""
        unused = f"; not used: {listed([*map(one_line, source.unused)])}" if source.unused else ""
        texts, labels = (
            f"texts from {enumerated([*map(_column, source.text)])}{text}",
            f"labels from {_column(source.label)}{label}{both}{named}",
        )
        yield f"{one_line(source.file)}: {texts}, {labels}{time}{unused}"
    chosen = METHODS[report.method]
    yield f"{count(report.rows, 'row')}: {report.train:,} to train on, {report.test:,} to test on ({chosen})"
    yield from (f"  left out: {count(rows, 'row')}, {why}" for why, rows in report.left_out.items())
    if report.bad:
        yield f"  not counted: {count(report.bad, 'bad row')}, listed below"
    yield from (f"  {part} rows: {first} to {last}" for part, (first, last) in report.times.items())


def _notes(report: DataReport) -> Iterator[str]:
    if report.notes:
        yield "Worth a look"
        for note in report.notes:
            # A break after a hyphen would divide options such as --min-rows.
            yield textwrap.fill(
                one_line(note), WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
            )


def _labels(report: DataReport) -> Iterator[str]:
    shown: Sequence[LabelCount] = report.labels[:MAX_LABELS]
    name = min(40, max(14, *(columns(one_line(label.label)) for label in shown)))
    yield f"{count(len(report.labels), 'label'):{name + 2}} {'train':>9} {'test':>7}  example"
    yield from (_label(label, label.label, name) for label in shown)
    if len(report.labels) > len(shown):
        least = report.labels[-1]
        more = len(report.labels) - len(shown)
        yield f"  and {more:,} more, down to {count(least.train, 'row')} ({cut(least.label, 30)})"
    if report.outside is not None:
        yield _label(report.outside, "(none)", name)
    if report.rows_with_several_labels:
        rows = count(report.rows_with_several_labels, "row")
        yield f"  {rows} have several labels, at most {report.most_labels}"


def _label(row: LabelCount, label: str, width: int) -> str:
    shown = cut(label, width)
    head = f"  {shown}{' ' * (width - columns(shown))} {row.train:>9,} {row.test:>7,}  "
    return head + cut(row.examples[0] if row.examples else "", max(WIDTH - columns(head), 20))


def _texts(report: DataReport) -> Iterator[str]:
    words, characters = report.words, report.characters
    yield (
        f"Texts: median {count(words.median, 'word')}, 95% at most {words.high:,}, longest {words.most:,}"
        f" ({characters.median:,}, {characters.high:,} and {characters.most:,} characters)"
    )
    yield "  " + ", ".join(f"{name} {share(rows, report.rows)}" for name, rows in report.scripts.items())
    yield (
        f"  repeated texts: {report.exact.rows - report.exact.count:,}, texts of at most one word: {report.one_word:,},"
        f" texts with line breaks: {report.several_lines:,}"
    )


def _groups(title: str, groups: Groups) -> Iterator[str]:
    if not groups.count:
        return
    yield f"{title}: {count(groups.count, 'group')}, {count(groups.rows, 'row')}"
    for group in groups.largest[:_MAX_GROUPS]:
        labels = ", ".join(f"{label or '(none)'} ({rows:,})" for label, rows in list(group.labels.items())[:4])
        for number, text in enumerate(group.texts):
            yield f"  {'-' if number == 0 else ' '} {cut(text, WIDTH - 4)}"
        yield f"    {cut(f'{labels}; the first is {Path(group.lines[0]).name}', WIDTH - 4)}"


def _column(name: str) -> str:
    return f"column {cut(name, 30)}" if name.isdecimal() else f"{cut(name, 30)!r}"
