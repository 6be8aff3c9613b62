"""CSV: damaged lines are reported, and all other rows are answered with their line number."""

import csv
import io
import random
import tracemalloc

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.cli.exit_status import InputError
from app.cli.readers.csv_records import MAX_ROW_LINES, NOT_CLOSED
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.input_format import read_table
from app.cli.readers.lines import MAX_LINE_BYTES
from app.cli.readers.row import TO_UTF_8, RowOptions
from tests.app.cli.running import answered, faults, pieces, read

WIDTH = 3
"""Columns of the generated files."""


def test_one_stray_quote_costs_its_own_row() -> None:
    lines = ["id,headline", *(f"{number},oil prices {number}" for number in range(2, 10_001))]
    lines[1] = '2,"oil prices'
    lines[5126] = '5127,"wheat, corn"'
    found = read("\n".join(lines).encode(), "csv", 65536)
    assert faults(found) == {2: NOT_CLOSED}
    assert [line for line, _ in answered(found)] == list(range(3, 10_001))
    assert answered(found)[5124] == (5127, "wheat, corn")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ('3,"oil', NOT_CLOSED),
        ('"3,oil', NOT_CLOSED),
        ('3,"oil"x', "is not CSV (',' expected after '\"')"),
        ('3,"say "oil"', "is not CSV (',' expected after '\"')"),
        ("3", "has no column 'headline' (1 column, and the header 2)"),
        ("3,oil,wheat", "has 3 columns, and the header 2"),
        ("3,", "has no text"),
        ("id,headline", "repeats the header"),
        ("\ufeffid, headline", "repeats the header"),
        ("3,o\0il", "holds a NUL character"),
        ('3,"' + "x" * MAX_LINE_BYTES, "has more than 1048576 bytes"),
        ("3," + "x" * 2000, "has 2,000 characters, more than 1,000"),
    ],
)
def test_damaged_line_is_reported_and_the_lines_around_it_are_answered(damage: str, fault: str, end: str) -> None:
    for after in ("4,wheat", '4,"wheat"', '"4","wheat"'):
        content = end.join(["id,headline", "2,oil", damage, after, "5,gold"])
        found = read(content.encode(), "csv", 4096)
        assert faults(found) == {3: fault}
        assert answered(found) == [(2, "oil"), (4, "wheat"), (5, "gold")]


def test_text_that_equals_the_name_of_its_column_is_no_header() -> None:
    assert answered(read(b"id,headline\n2,headline\n", "csv")) == [(2, "headline")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cells_may_hold_line_ends_and_quotes(end: str) -> None:
    content = end.join(["id,headline", '1,"oil', 'prices, ""up""', 'again"', "", '4,5" pipe', '"5",gold', ""])
    found = read(content.encode(), "csv")
    assert answered(found) == [(2, f'oil{end}prices, "up"{end}again'), (6, '5" pipe'), (7, "gold")]
    assert faults(found) == {}


def test_bad_row_of_several_lines_says_where_it_ends() -> None:
    found = read(b'id,headline\n1,"oil\n' + b"y" * 999 + b'\n"\n2,wheat\n', "csv")
    assert faults(found) == {2: "has 1,004 characters, more than 1,000 (the row ends on line 4)"}
    assert answered(found) == [(5, "wheat")]


def test_quotes_around_many_rows_do_not_make_one_of_them() -> None:
    lines = ["id,date,headline", '2,2026,"oil', *(f"{number},2026,wheat" for number in range(3, 40)), '40,2026,gold"']
    found = read("\n".join(lines).encode(), "csv")
    assert faults(found) == {2: NOT_CLOSED}
    assert [line for line, _ in answered(found)] == list(range(3, 41))


def test_text_of_many_lines_is_one_row() -> None:
    text = "Oil prices rose.\nWheat, corn, and soybeans fell.\n\nGold: 1,900 dollars.\n" * 20
    written = io.StringIO()
    csv.writer(written).writerows([["id", "headline"], ["1", text], ["2", "oil"]])
    found = read(written.getvalue().encode(), "csv", 100, max_characters=20_000)
    assert answered(found) == [(2, text), (83, "oil")]


def test_quote_may_be_open_for_so_many_lines_and_bytes() -> None:
    for inside, allowed in (("x\n" * (MAX_ROW_LINES - 1), True), ("x\n" * (MAX_ROW_LINES + 1), False)):
        found = read(f'id,headline\n1,"{inside}"\n2,oil\n'.encode(), "csv", 65536, max_characters=9999)
        assert (faults(found) == {}) == allowed
        assert answered(found)[-1] == (3 + inside.count("\n"), "oil")
    line = "y" * 100_000 + "\n"
    found = read(f'id,headline\n1,"{line * 12}"\n2,oil\n'.encode(), "csv", 65536)
    assert list(faults(found)) == [*range(2, 15)]
    assert answered(found) == [(15, "oil")]


def test_quotes_that_are_never_closed_take_bounded_memory() -> None:
    content = b'id,headline\n1,"oil\n' + b'a",b,"c\n' * 20 + b"7,wheat, and a longer text to fill the memory\n" * 40_000
    table = read_table(pieces(content, 65536), "csv", RowOptions(("headline",), 1000), "the input")
    tracemalloc.start()
    try:
        count = sum(row.fault == NOT_CLOSED for row in table.rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 21
    assert peak < len(content) / 2


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"", InputError, "the input: is empty; its first line should name the columns."),
        (b"\n\n", InputError, "the input: is empty; its first line should name the columns."),
        (
            b",\n",
            ColumnError,
            "the input: there is no column 'headline'; the first line has: nothing",
        ),
        (
            b"id,title\n1,oil\n",
            ColumnError,
            "the input: there is no column 'headline'; the first line has: id, title; choose one with --column",
        ),
        (b"id;date, time;title\n1;2;oil\n", ColumnError, "has: id, date, time, title; choose one with --column"),
        (b"headline,headline\n", ColumnError, "the input: there are 2 columns 'headline'; rename all but one"),
        (b'"id,headline\n1,oil\n', InputError, f"its first line, which should name the columns, {NOT_CLOSED}."),
        (b"x" * 2_000_000, InputError, "its first line, which should name the columns, has more than 1048576 bytes."),
        (b"id,headline,Stra\xdfe\n", InputError, f"which should name the columns, is not UTF-8; {TO_UTF_8}."),
        (b"a\0b,c\n", ColumnError, "the first line has: 'a\\x00b, c'; choose one with --column"),
        (b"b" * 400 + b"\n", ColumnError, f"the first line has: {'b' * 300}; choose one with --column"),
    ],
)
def test_header_that_cannot_be_used_is_refused_in_a_sentence(
    content: bytes, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        read(content, "csv", 4096)
    assert str(refused.value).endswith(sentence)


@pytest.mark.parametrize("content", ["headline\toil\nwheat, corn\t1\n", 'headline\toil\n"wheat, corn"\t1\n'])
def test_tabs_separate_tsv(content: str) -> None:
    assert answered(read(content.encode(), "tsv")) == [(2, "wheat, corn")]


def test_tabs_separate_rows_of_several_lines() -> None:
    assert answered(read(b'headline\tid\n"oil\nprices, up"\t1\nwheat\t2\n', "tsv")) == [
        (2, "oil\nprices, up"),
        (4, "wheat"),
    ]


@pytest.mark.parametrize("text", ['"oil" prices', '"oil prices', 'oil" prices', '"oil" "up"', '"say "oil" now"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quotes_that_do_not_quote_are_part_of_the_text_in_tsv(text: str, end: str) -> None:
    lines = ["id\theadline", f"2\t{text}", "3\twheat", '4\t"gold"', f"5\t{text}", ""]
    found = read(end.join(lines).encode(), "tsv")
    assert answered(found) == [(2, text), (3, "wheat"), (4, "gold"), (5, text)]
    assert faults(found) == {}


def test_stray_quote_in_the_header_of_tsv_is_part_of_a_name() -> None:
    found = read(b'id\t"raw\theadline\n1\t2\toil\n', "tsv")
    assert (answered(found), faults(found)) == ([(2, "oil")], {})


def test_two_stray_quotes_in_tsv_do_not_merge_the_rows_between_them() -> None:
    found = read(b'id\theadline\n2\t"oil\n3\twheat\n4\tgold"\n', "tsv")
    assert answered(found) == [(2, '"oil'), (3, "wheat"), (4, 'gold"')]


def test_semicolons_separate_where_the_header_has_them() -> None:
    content = '"id";"headline"\n1;wheat, corn\n2;"oil; gas"\n'
    assert answered(read(content.encode(), "csv")) == [(2, "wheat, corn"), (3, "oil; gas")]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_line_that_tells_spreadsheets_the_separator_is_skipped(line: str) -> None:
    content = f"{line}\r\nid;headline\r\n1;wheat, corn\r\n2\r\n".encode()
    found = read(content, "csv")
    assert answered(found) == [(3, "wheat, corn")]
    assert faults(found) == {4: "has no column 'headline' (1 column, and the header 2)"}
    assert answered(read(b"sep=|\nid|headline\n1|oil\n", "csv")) == [(3, "oil")]


@pytest.mark.parametrize("above", ["\n", " \r\n\n", "\nsep=;\n", "sep=;\n\t\n"])
def test_blank_lines_above_the_header_are_skipped(above: str) -> None:
    content = f"{above}id;headline\n1;wheat, corn\n".encode()
    assert answered(read(content, "csv")) == [(above.count("\n") + 2, "wheat, corn")]


def test_second_line_that_names_a_separator_is_the_header() -> None:
    with pytest.raises(ColumnError, match="the first line has: sep="):
        read(b"sep=;\nsep=,\nid,headline\n1,oil\n", "csv")


def test_line_that_names_no_separator_is_the_header() -> None:
    with pytest.raises(ColumnError, match="the first line has: sep="):
        read(b"sep=x\nid;headline\n", "csv")


@pytest.mark.parametrize("name", ["Headline", "HEADLINE", " headline "])
def test_name_of_the_column_may_differ_in_case_and_blanks(name: str) -> None:
    assert answered(read(f"id,{name}\n1,oil\n".encode(), "csv")) == [(2, "oil")]
    assert answered(read(f"{name},headline\n1,oil\n".encode(), "csv")) == [(2, "oil")]
    with pytest.raises(ColumnError, match="there is no column 'headline'"):
        read(f"{name},headlinE\n".encode(), "csv")


def looks_like_rows(written: str, end: str) -> bool:
    """Whether each line of a row of several lines has the separators of a whole row, so that the row is ambiguous."""
    lines = written.removesuffix(end).split(end)
    return len(lines) > 2 and all(line.count(",") == WIDTH - 1 for line in lines)


def test_row_whose_every_line_looks_like_a_row_is_taken_for_rows() -> None:
    found = read(b'id,headline,more\n",,\n",,"\n,,"\n5,oil,\n', "csv")
    assert list(faults(found)) == [2, 3, 4]
    assert answered(found) == [(5, "oil")]


CELLS = st.text(st.sampled_from('oil ,"\n;é5'), max_size=12)


@example([(",,\n", "", "\n,,")], "\n", False)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=20), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_what_the_csv_module_writes_is_read_as_it_was(
    table: list[tuple[str, str, str]], end: str, quote_all: bool
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerow(["id", "headline", "more"])
    expected = []
    for one, text, more in table:
        headline = text.replace("\n", end)
        line = 1 + written.getvalue().replace("\r\n", "\n").replace("\r", "\n").count("\n")
        before = written.tell()
        writer.writerow([one.replace("\n", end), headline, more.replace("\n", end)])
        assume(not looks_like_rows(written.getvalue()[before:], end))
        expected.append((line, headline))
    found = read(written.getvalue().encode(), "csv", keep=None)
    assert [row.line for row in found] == [line for line, _ in expected]
    assert answered(found) == [(line, headline) for line, headline in expected if headline.strip()]


DAMAGE = ['{},"oil,x', '"{},oil,x', '{},oil"x",x"', '{},"oil"x,x', "{},oil", "{},oil,x,y", '{},"a "b" c",x', "{},\0,x"]
FAR = 3
"""Lines after a damaged one that may belong to it, because a quoted cell may contain line ends."""


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.integers(20, 120), st.integers(1, 6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_rows_far_from_damage_are_answered_and_every_row_is_accounted_for(
    seed: int, count: int, damaged: int, end: str
) -> None:
    chance = random.Random(seed)
    lines = ["id,headline,date"]
    for number in range(2, count + 2):
        headline = chance.choice(["oil prices", '"wheat, corn"', '"say ""gold"""', 'a 5" pipe', '"plain"'])
        date = chance.choice(["2026", '"2026"', ""])
        lines.append(f"{number},{headline},{date}")
    bad = sorted(chance.sample(range(2, count + 2), damaged))
    for line in bad:
        if chance.random() < 0.5:
            lines[line - 1] = chance.choice(DAMAGE).format(line)
        else:
            at = chance.randint(0, len(lines[line - 1]))
            lines[line - 1] = lines[line - 1][:at] + '"' + lines[line - 1][at:]
    blank = [line for line in chance.sample(range(2, count + 2), 3) if line not in bad]
    for line in blank:
        lines[line - 1] = ""
    found = read(end.join(lines).encode(), "csv", chance.randint(1, 200))
    there = dict(answered(found))
    for line in range(2, count + 2):
        if line not in blank and all(abs(line - one) > FAR for one in bad):
            [cells] = csv.reader([lines[line - 1]])
            assert there.get(line) == cells[1], f"line {line}"
    covered = set(faults(found)) | set(blank)
    for line, headline in answered(found):
        covered |= {line, *range(line, line + 1 + headline.count(end))}
    assert covered >= {line for line in range(2, count + 2) if all(abs(line - one) > FAR for one in bad)}
    rows = len(answered(found)) + len(faults(found))
    assert rows + len(blank) + 2 * FAR * damaged >= count
    assert len({row.line for row in found}) == rows, "a line is reported twice"
