"""Headlines from several columns or fields: joined by one space, in the order given, without empty ones."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.input_format import InputFormat
from app.cli.readers.row import EMPTY, Row, validate_row
from tests.app.cli.running import answered, faults, read

BOTH = ("Subject", "Body")
FORMATS: tuple[InputFormat, ...] = ("csv", "tsv", "jsonl", "json")


def table(form: InputFormat, rows: list[dict[str, Any]]) -> bytes:
    """The same rows in a format; the first row has all columns."""
    if form in ("json", "jsonl"):
        return (json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows))).encode()
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter="\t" if form == "tsv" else ",", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def tickets(*texts: tuple[object, object]) -> list[dict[str, Any]]:
    return [{"id": "7", "Subject": subject, "Body": body, "day": "1"} for subject, body in texts]


def headlines(found: list[Row]) -> list[str]:
    return [text for _, text in answered(found)]


@pytest.mark.parametrize("form", FORMATS)
def test_texts_are_joined_in_the_order_given(form: InputFormat) -> None:
    content = table(form, tickets(("No heat", "The boiler is off. "), (" Late", "Where is it?")))
    assert headlines(read(content, form, names=BOTH)) == ["No heat The boiler is off. ", " Late Where is it?"]
    assert headlines(read(content, form, names=BOTH[::-1])) == ["The boiler is off.  No heat", "Where is it?  Late"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("empty", ["", "  ", "\u3000", None])
def test_empty_cell_is_left_out_and_a_row_is_empty_only_if_all_are(form: InputFormat, empty: str | None) -> None:
    found = read(table(form, tickets(("oil", empty), (empty, "wheat"), (empty, empty))), form, names=BOTH)
    assert headlines(found) == ["oil", "wheat"]
    assert list(faults(found).values()) == [EMPTY]


@pytest.mark.parametrize("form", FORMATS)
def test_limit_on_characters_applies_to_the_joined_text(form: InputFormat) -> None:
    found = read(table(form, tickets(("x" * 500, "y" * 499), ("x" * 500, "y" * 500))), form, names=BOTH)
    assert [len(text) for text in headlines(found)] == [1000]
    assert list(faults(found).values()) == ["has 1,001 characters, more than 1,000"]


@pytest.mark.parametrize("form", FORMATS)
def test_all_columns_are_kept_but_those_of_the_headline(form: InputFormat) -> None:
    content = table(form, tickets(("oil", "wheat")))
    assert read(content, form, names=BOTH, keep=None)[0].kept == {"id": "7", "day": "1"}
    assert read(content, form, names=BOTH, keep=("Body", "id"))[0].kept == {"Body": "wheat", "id": "7"}


def test_bytes_that_are_not_utf_8_in_any_column_make_a_bad_row() -> None:
    content = b"Subject,Body\noil,wh\xffeat\n\xff,wheat\noil,wheat\n"
    found = read(content, "csv", names=BOTH)
    assert (faults(found), headlines(found)) == ({2: "is not UTF-8", 3: "is not UTF-8"}, ["oil wheat"])


def test_row_that_ends_before_a_column_names_it() -> None:
    found = read(b"Subject,id,Body\noil,7\n\noil\noil,7,wheat,x\n", "csv", names=BOTH)
    assert faults(found) == {
        2: "has no column 'Body' (2 columns, and the header 3)",
        4: "has no column 'Body' (1 column, and the header 3)",
        5: "has 4 columns, and the header 3",
    }


def test_object_without_one_of_the_fields_is_a_bad_row() -> None:
    lines = [{"Subject": "oil"}, {"Subject": None, "Body": 7}, {"Subject": "oil", "Body": "wheat"}]
    found = read("\n".join(map(json.dumps, lines)).encode(), "jsonl", names=BOTH)
    assert faults(found) == {1: "has no field 'Body' (it has 'Subject')", 2: "has a field 'Body' that is not a text"}
    assert headlines(found) == ["oil wheat"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("Subject", "Text"), "the input: there is no column 'Text'; the first line has: id, Subject, Body, day"),
        (("Subject", "subject"), "the input: the column 'Subject' is named more than once; name it once"),
    ],
)
def test_header_without_one_of_the_columns_is_refused(names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ColumnError) as error:
        read(table("csv", tickets(("oil", "wheat"))), "csv", names=names)
    assert str(error.value).startswith(sentence)


CELL = st.text(st.characters(codec="utf-8", exclude_characters=",;\r\n"), max_size=12)


@given(st.lists(CELL, min_size=1, max_size=20), st.sampled_from(FORMATS))
def test_text_of_one_column_is_as_it_is_in_the_file(cells: list[str], form: InputFormat) -> None:
    if form in ("csv", "tsv"):
        cells = [cell.replace("\t", " ") for cell in cells]
    content = table(form, [{"headline": cell, "empty": "", "id": "7"} for cell in cells])
    first = 2 if form in ("csv", "tsv") else 1
    found = read(content, form, size=4096)
    assert found == [validate_row(number, cell, 1000) for number, cell in enumerate(cells, start=first)]
    assert read(content, form, size=4096, names=("empty", "headline")) == found
