"""Reading labelled rows: formats, columns, bad rows."""

import csv
import gzip
import io
import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.readers.row import ICONV
from training.errors import ColumnError, TableError
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.rows import Table

ROWS = [("Oil prices rise", "energy"), ("Wheat harvest falls", "farming"), ("새로운 유전", "energy")]


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def pairs(table: Table) -> list[tuple[str, str]]:
    return [(row.text, "|".join(row.labels)) for row in table.rows]


def table(separator: str, head: tuple[str, str] = ("headline", "section")) -> str:
    return "".join(f"{text}{separator}{label}\n" for text, label in (head, *ROWS))


JSON_LINES = "".join(json.dumps({"headline": text, "section": label}) + "\n" for text, label in ROWS)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", table(",")),
        ("a.csv", table(";")),
        ("a.csv", table("\t")),
        ("a.tsv", table("\t")),
        ("a.csv", '"headline";"section"\n' + "".join(f'"{text}";"{label}"\n' for text, label in ROWS)),
        ("a.jsonl", JSON_LINES),
        ("a.ndjson", JSON_LINES),
        ("a.json", json.dumps([{"headline": text, "section": label} for text, label in ROWS])),
        ("a.csv", "\ufeff" + table(",")),
        ("a.csv", ("\ufeff" + table(",")).encode("utf-16-le")),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, content: str | bytes, packed: str) -> None:
    read = read_rows([write(tmp_path / (name + packed), content)])
    assert pairs(read) == ROWS
    columns = read.columns[0]
    assert (columns.text, columns.label, columns.guessed) == (("headline",), "section", ("text", "label"))


@pytest.mark.parametrize("head", [("tweet", "sentiment"), ("Reviews", "Emotion"), ("id", "class")])
def test_columns_with_common_names_are_found(tmp_path: Path, head: tuple[str, str]) -> None:
    read = read_rows([write(tmp_path / "a.csv", table(",", head))])
    assert (pairs(read), read.columns[0].guessed) == (ROWS, ("text", "label"))


@pytest.mark.parametrize(
    ("asked", "guessed"),
    [(ReadingOptions(text=("HEADLINE",)), ("label",)), (ReadingOptions(label=" Section"), ("text",))],
)
def test_column_is_found_ignoring_case(tmp_path: Path, asked: ReadingOptions, guessed: tuple[str, ...]) -> None:
    read = read_rows([write(tmp_path / "a.csv", table(","))], asked)
    assert (pairs(read), read.columns[0].guessed) == (ROWS, guessed)


def test_column_of_exactly_this_name_comes_before_one_in_another_case(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,TEXT,label\na,b,x\n")
    assert pairs(read_rows([path], ReadingOptions(text=("TEXT",)))) == [("b", "x")]
    with pytest.raises(ColumnError, match="no column 'Text'"):
        read_rows([path], ReadingOptions(text=("Text",)))


@pytest.mark.parametrize("outside", [(), ("",), ("none",)])
def test_texts_that_nobody_has_labelled_yet_are_bad_rows(tmp_path: Path, outside: tuple[str, ...]) -> None:
    lines = ("text,label,guess,second_guess", "a,x,x,y", "b,,x,y")
    path = write(tmp_path / "1.to_label.csv", "\n".join(lines))
    read = read_rows([path], ReadingOptions(outside=outside, most_bad=0.5))
    assert (pairs(read), read.bad_reasons) == ([("a", "x")], {"has no label yet": 1})
    with pytest.raises(TableError, match="has no label yet\\); fill in the labels of the texts to label, and delete"):
        read_rows([path], ReadingOptions(outside=outside))


@pytest.mark.parametrize(
    ("header", "more"),
    [
        ("text,label,guess,probability,second_guess,second_probability,file,line", ",a,0.5,b,0.4,new.csv,3"),
        ("text,label,model,probability", ",news/1,0.1"),
    ],
    ids=["texts to label", "corrections"],
)
def test_files_that_this_project_writes_need_no_times(tmp_path: Path, header: str, more: str) -> None:
    dated = write(tmp_path / "a.csv", "day,text,label\n2026-11-26,oil,energy\n")
    written = write(tmp_path / "b.csv", f"{header}\ngold,metals{more}\n")
    read = read_rows([dated, written], ReadingOptions(time="Day"))
    assert [row.time for row in read.rows] == [datetime(2026, 11, 26, tzinfo=UTC), None]
    assert [columns.time for columns in read.columns] == ["day", None]
    with_times = write(tmp_path / "c.csv", f"{header},day\ngold,metals{more},2026\n")
    assert read_rows([with_times], ReadingOptions(time="day")).rows[0].time == datetime(2026, 1, 1, tzinfo=UTC)


def test_file_without_a_header_is_read_by_column_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "".join(f"{label}\t{text}\n" for text, label in ROWS * 3))
    assert pairs(read_rows([path], ReadingOptions(no_header=True))) == ROWS * 3
    assert pairs(read_rows([path], ReadingOptions(no_header=True, text=("2",), label="1"))) == ROWS * 3
    with pytest.raises(ColumnError, match="--no-header") as missing:
        read_rows([path])
    assert "'energy', 'Oil prices rise'" in str(missing.value)


@pytest.mark.parametrize(
    "header", ["text,label,model,probability,note", "text,label,model", "title,label,model,probability"]
)
def test_file_that_only_resembles_corrections_needs_times(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", f"{header}\n" + "oil,energy,x,0.5,y\n")
    with pytest.raises(ColumnError, match="there is no column 'day'"):
        read_rows([path], ReadingOptions(time="day"))


def test_corrections_with_the_names_of_the_given_columns_need_no_times(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Subject,Description,Team,model,probability\noil,,energy,news/1,0.5\n")
    options = ReadingOptions(text=("subject", "description"), label="team", time="day")
    assert read_rows([path], options).rows[0].time is None
    with pytest.raises(ColumnError, match="there is no column 'day'"):
        read_rows([path], ReadingOptions(time="day", text=("subject",), label="team"))


@pytest.mark.parametrize("text", [("headline",), ("subject", "body")])
def test_corrections_are_read_whatever_the_given_columns_are(tmp_path: Path, text: tuple[str, ...]) -> None:
    path = write(tmp_path / "a.csv", "text,label,model,probability\noil,energy,news/1,0.5\n")
    read = read_rows([path], ReadingOptions(text=text, label="section", time="day"))
    assert (pairs(read), read.rows[0].time) == ([("oil", "energy")], None)
    assert (read.columns[0].text, read.columns[0].guessed) == (("text",), ("text", "label"))


def test_columns_of_a_file_like_corrections_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label,model,probability\noil,energy,news/1,0.5\n")
    assert pairs(read_rows([path], ReadingOptions(text=("label",), label="model"))) == [("energy", "news/1")]
    other = write(tmp_path / "b.csv", "text,label,model\noil,energy,news/1\n")
    with pytest.raises(ColumnError, match="there is no column 'section'"):
        read_rows([other], ReadingOptions(text=("text",), label="section"))


@pytest.mark.parametrize("header", [True, False])
def test_line_that_tells_spreadsheets_the_separator_is_skipped(tmp_path: Path, header: bool) -> None:
    head = "headline;section\n" if header else ""
    path = write(tmp_path / "a.csv", f"sep=;\n{head}" + "".join(f"{text};{label}\n" for text, label in ROWS * 3))
    read = read_rows([path], ReadingOptions(no_header=not header))
    assert pairs(read) == ROWS * 3
    assert read.rows[0].number == 2 + header


@pytest.mark.parametrize("header", [True, False])
def test_lines_are_counted_with_the_blank_ones_above_the_header(tmp_path: Path, header: bool) -> None:
    head = "headline;section\n" if header else ""
    below = head + "".join(f"{text};{label}\n" for text, label in ROWS * 3)
    path = write(tmp_path / "a.csv", f"\n\t\nsep=;\n\n{below}")
    read = read_rows([path], ReadingOptions(no_header=not header))
    assert pairs(read) == ROWS * 3
    assert read.rows[0].number == 5 + header


def test_several_files_are_one_table(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.csv", table(",")), write(tmp_path / "b.jsonl", JSON_LINES)]
    assert pairs(read_rows(files)) == ROWS * 2
    assert [row.line for row in read_rows(files).rows][2:4] == [f"{files[0]}:4", f"{files[1]}:1"]


def test_bad_rows_are_counted_and_the_first_of_each_reason_are_kept(tmp_path: Path) -> None:
    lines = ["headline,section", *("oil,energy" for _ in range(300)), *(f",energy{i}" for i in range(10)), "a,b,c"]
    read = read_rows([write(tmp_path / "a.csv", "\n".join(lines))])
    assert (len(read.rows), read.bad) == (300, 11)
    assert read.bad_reasons == {"has no text": 10, "has 3 columns, and the header 2": 1}
    assert [bad.line.rpartition(":")[2] for bad in read.first_bad] == ["302", "303", "304", "312"]
    assert [bad.why for bad in read.first_bad][2:] == ["has no text", "has 3 columns, and the header 2"]


@pytest.mark.parametrize("head", [(" headline", "section "), ("\ufeffheadline", "section")])
def test_header_in_the_middle_of_joined_files_is_a_bad_row(tmp_path: Path, head: tuple[str, str]) -> None:
    read = read_rows([write(tmp_path / "a.csv", table(",", head) * 2)], ReadingOptions(most_bad=0.5))
    assert (pairs(read), read.bad_reasons) == (ROWS * 2, {"repeats the header": 1})


def test_row_without_a_header_may_hold_the_numbers_of_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "".join(f"{text},{label}\n" for text, label in (("1", "2"), *ROWS * 3)))
    assert pairs(read_rows([path], ReadingOptions(no_header=True))) == [("1", "2"), *ROWS * 3]


def test_first_object_may_lack_a_field(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"headline": "oil"}\n' + JSON_LINES)
    read = read_rows([path], ReadingOptions(most_bad=0.5))
    assert (pairs(read), read.first_bad[0].why) == (ROWS, "lacks the text or the label")
    with pytest.raises(ColumnError, match="'headline'"):
        read_rows([write(path, '{"headline": "oil"}\n')], ReadingOptions(text=("title",)))


CELL = st.text(st.characters(codec="utf-8", exclude_characters=",;"), max_size=12)  # see `_is_merged` of csv_records


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=20), st.sampled_from([",", ";"]))
def test_every_row_that_csv_writes_is_read_or_counted(rows: list[tuple[str, str, str]], separator: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("headline", "section", "note"), ("certain", "a", ""), *rows])
    with tempfile.TemporaryDirectory() as folder:
        read = read_rows([write(Path(folder) / "a.csv", written.getvalue())], ReadingOptions(most_bad=1))
    assert len(read.rows) + read.bad == 1 + len(rows)


@pytest.mark.parametrize(
    ("bad", "good", "enough"), [(1, 11, "0.1"), (1, 9, "0.1"), (63, 27, "0.7"), (31, 69, "0.4"), (99, 1, "1")]
)
def test_share_that_the_message_names_is_enough(tmp_path: Path, bad: int, good: int, enough: str) -> None:
    path = write(tmp_path / "a.csv", "headline,section\n" + ",energy\n" * bad + "oil,energy\n" * good)
    with pytest.raises(TableError, match=rf"or allow more with --most-bad {enough}\. The first"):
        read_rows([path])
    assert read_rows([path], ReadingOptions(most_bad=float(enough))).bad == bad


@pytest.mark.parametrize(("empty", "allow"), [(0, ""), (5, ""), (6, ", or allow more with --most-bad 1")])
def test_file_in_another_encoding_is_to_be_converted_and_not_left_out(tmp_path: Path, empty: int, allow: str) -> None:
    lines = ["headline,section", *["Öl,energy"] * 45, *[",energy"] * empty, "oil,energy"]
    path = write(tmp_path / "a.csv", "\n".join(lines).encode("cp1252"))
    advice = f"; convert the files to UTF-8, such as with {ICONV}{allow}. The first"
    with pytest.raises(TableError, match=re.escape(advice)):
        read_rows([path])


def test_too_many_bad_rows_stop_the_run(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "headline,section\noil,energy\n,energy\n")
    with pytest.raises(
        TableError,
        match=r"1 of 2 rows \(50.0%\) is bad, more than 5.0% \(1 has no text\);.*: \S*a.csv:3 has no text\.$",
    ):
        read_rows([path])
    assert read_rows([path], ReadingOptions(most_bad=0.5)).bad == 1
    with pytest.raises(TableError, match=r"a\.csv: the only row is bad \(1 has no text\); correct it\."):
        read_rows([write(tmp_path / "a.csv", "headline,section\n,energy\n")])
    path = write(tmp_path / "a.csv", "headline,section\noil,energy\n,energy\n")
    with pytest.raises(TableError, match=r"all 2 rows are bad \(2 have no text\); correct them"):
        read_rows([write(path, "headline,section\n,energy\n,energy\n")], ReadingOptions(most_bad=1))
