"""The report on labelled rows as one self-contained HTML page, `data.html` of a bundle."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape as escape_html
from pathlib import Path
from string import Template
from typing import Final

import app
from app.control_characters import one_line
from training.labelled.reporting.report import DataReport, Distribution, Groups, LabelCount
from training.labelled.reporting.short_names import with_short_names
from training.labelled.reporting.terminal import METHODS
from training.wording import count, enumerated, share

_TEMPLATE: Final = Path(__file__).with_name("data.html")
_STYLE: Final = Path(app.__file__).parent / "web" / "static" / "base.css"
"""Colours and type of the service's pages."""


def escape(text: str) -> str:
    """A text as HTML, without line breaks and control characters."""
    return escape_html(one_line(text))


def data_page(report: DataReport) -> str:
    """The page, as HTML."""
    files = [_file(columns.file, columns.text, columns.label, columns.time) for columns in report.columns]
    sections = [
        _section("Worth a look", _list(report.notes, "notes")),
        _section("Labels", _labels(report)),
        _section("Labels with too few rows", _table(("Label", "Rows"), report.rare)),
        _section("Left out", _table(("Reason", "Rows"), report.left_out)),
        _section("Labels that look alike", _list((" · ".join(alike) for alike in report.similar_labels), "texts")),
        _section("The same text under different labels", _groups(report.conflicts)),
        _section("Near duplicates in training and test rows", _groups(report.shared)),
        _section("The same text several times", _groups(report.exact)),
        _section("Near duplicates", _groups(report.near)),
        _section("Texts", _texts(report)),
        _section(f"Bad rows ({report.bad:,})", _bad(report)),
    ]
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        title=escape(", ".join(columns.file for columns in report.columns)),
        base=_STYLE.read_text("utf-8"),
        files="\n".join(files),
        figures="\n".join(_figures(report)),
        sections="\n".join(filter(None, sections)),
    )


def report_files(report: DataReport, files: Sequence[Path]) -> dict[str, bytes]:
    """The files of the report on rows of `files`, by name: the page, and the same as JSON; both with short names."""
    report = with_short_names(report, files)
    content = json.dumps(report.as_dict(), ensure_ascii=False, indent=1)
    return {"data.html": data_page(report).encode("utf-8"), "data.json": f"{content}\n".encode()}


def _file(name: str, text: Sequence[str], label: str, time: str | None) -> str:
    texts = enumerated([f"<code>{escape(column)}</code>" for column in text])
    columns = f"texts from {texts}, labels from <code>{escape(label)}</code>"
    columns += f", times from <code>{escape(time)}</code>" if time else ""
    return f"    <p><b>{escape(name)}</b>: {columns}</p>"


def _figures(report: DataReport) -> Iterator[str]:
    left_out = sum(report.left_out.values())
    times = {part: f"{first[:10]} to {last[:10]}" for part, (first, last) in report.times.items()}
    outside = [] if report.outside is None else [("Outside", report.outside.rows, "rows about none of the labels")]
    for name, value, note in (
        ("Labels", len(report.labels), ""),
        ("Training rows", report.train, times.get("train", "")),
        ("Test rows", report.test, times.get("test", "") or METHODS[report.method]),
        *outside,
        ("Left out", left_out, "of rare labels, or like a test row"),
        ("Bad rows", report.bad, "left out before: no text, no label, or another mistake"),
    ):
        small = f"<small>{escape(note)}</small>" if note else ""
        yield f"      <div><dt>{name}</dt><dd>{value:,}{small}</dd></div>"


def _section(title: str, content: str) -> str:
    return f"    <section>\n      <h2>{title}</h2>\n{content}\n    </section>" if content else ""


def _list(items: Iterable[str], style: str) -> str:
    shown = "".join(f'<li dir="auto">{escape(item)}</li>' for item in items)
    return f'      <ul class="{style}">{shown}</ul>' if shown else ""


def _labels(report: DataReport) -> str:
    most = max(label.train for label in report.labels)
    rows = [_label(label, label.label, most) for label in report.labels]
    if report.outside is not None:
        rows.append(_label(report.outside, "(none)", max(most, report.outside.train)))
    several = ""
    if report.rows_with_several_labels:
        rows_of = count(report.rows_with_several_labels, "row")
        several = f"      <p>{rows_of} with several labels, at most {report.most_labels}.</p>\n"
    head = '<th scope="col">Label</th><th scope="col" class="number">Training rows</th>'
    head += '<th scope="col" class="number">Test rows</th><th scope="col">Examples</th>'
    body = "\n".join(rows)
    return f'{several}      <table class="labels"><thead><tr>{head}</tr></thead><tbody>\n{body}\n      </tbody></table>'


def _label(row: LabelCount, label: str, most: int) -> str:
    bar = f'<span class="bar" style="width:{max(100 * row.train / most, 0.5):.1f}%"></span>'
    examples = "".join(f'<li dir="auto">{escape(text)}</li>' for text in row.examples)
    return (
        f'<tr><th scope="row" class="label" dir="auto">{escape(label)}{bar}</th>'
        f'<td class="number" data-unit="train">{row.train:,}</td><td class="number" data-unit="test">{row.test:,}</td>'
        f'<td><ul class="texts">{examples}</ul></td></tr>'
    )


def _table(head: tuple[str, str], rows: Mapping[str, int]) -> str:
    if not rows:
        return ""
    first, second = head
    body = "".join(
        f'<tr><th scope="row" dir="auto">{escape(name or "(none)")}</th><td class="number">{number:,}</td></tr>'
        for name, number in rows.items()
    )
    head_row = f'<tr><th scope="col">{first}</th><th scope="col" class="number">{second}</th></tr>'
    return (
        f'      <div class="scroll"><table class="small"><thead>{head_row}</thead><tbody>{body}</tbody></table></div>'
    )


def _groups(groups: Groups) -> str:
    if not groups.count:
        return ""
    items = []
    for group in groups.largest:
        texts = "".join(f'<li dir="auto">{escape(text)}</li>' for text in group.texts)
        labels = ", ".join(f"<bdi>{escape(label or '(none)')}</bdi> ({rows:,})" for label, rows in group.labels.items())
        where = f"{count(group.rows, 'row')}: {labels}; the first is <bdi>{escape(group.lines[0])}</bdi>"
        items.append(f'<li><ul class="texts">{texts}</ul><div class="where">{where}</div></li>')
    shown = f", the {len(items)} largest" if groups.count > len(items) else ""
    total = f"{count(groups.count, 'group')} with {count(groups.rows, 'row')}{shown}."
    return f'      <p>{total}</p>\n      <ul class="groups">{"".join(items)}</ul>'


def _texts(report: DataReport) -> str:
    scripts = ", ".join(f"{escape(name)} {escape(share(rows, report.rows))}" for name, rows in report.scripts.items())
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in ("Least", "Median", "95%", "Most"))
    rows = _lengths("Words", report.words) + _lengths("Characters", report.characters)
    return (
        f"      <p>Script of most letters: {scripts}. {count(report.one_word, 'text')} with at most one word,"
        f" {report.several_lines:,} with line breaks.</p>\n"
        f'      <div class="scroll"><table class="small"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _lengths(name: str, lengths: Distribution) -> str:
    numbers = (lengths.least, lengths.median, lengths.high, lengths.most)
    return (
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="number">{number:,}</td>' for number in numbers)
        + "</tr>"
    )


def _bad(report: DataReport) -> str:
    if not report.bad:
        return ""
    first = _list((f"{row.line} {row.why}" for row in report.first_bad), "texts")
    return f"{_table(('Reason', 'Rows'), report.bad_reasons)}\n      <p>The first of each reason:</p>\n{first}"
