"""Files that are damaged, hostile or of another kind end in one sentence."""

import gzip
import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.readers.lines import MAX_LINE_BYTES, split_lines
from training.errors import ColumnError, TableError, TrainingError
from training.labelled import read
from training.labelled.columns import NESTED
from training.labelled.files import csv_rows, opening
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.unlabelled import read_unlabelled

HEAD = b"headline,section\n"
ROWS = b"oil prices rise,energy\n" * 100


def refused(path: Path, content: bytes, error: type[TrainingError] = TableError, **options: Any) -> str:
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_rows([path], ReadingOptions(**options))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.startswith(str(path))
    assert sentence.endswith((".", "}."))
    return sentence


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", HEAD, "there are names of columns, but no rows"),
        ("a.csv", b"\n\n \n", "is empty; it needs a line that names the columns"),
        ("a.csv", b"sep=;\n", "is empty; it needs a line that names the columns"),
        ("a.csv", b";;\n" + HEAD, "its first line names no column; if the header is further down, delete the lines"),
        ("a.json", b'[{"text": "' + b"x" * 2 * MAX_LINE_BYTES + b'"}]', "(the next one has more than 1048576 bytes)"),
        ("a.jsonl", b"", "holds no JSON object"),
        ("a.jsonl", b'["oil"]\n', "holds no JSON object"),
        ("a.json", b'[{"text": "a", "label": "b"}', "is not a valid JSON array"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG image"),
        ("a.xlsx", b"PK\x03\x04", "(each also with .gz); save the sheet as CSV UTF-8."),
        ("a.txt", b"oil", "rename it to end with .tsv, if commas or semicolons, .csv; otherwise convert it."),
        ("a.csv", b"PK\x03\x04" + bytes(100), "an Office document"),
        ("a.csv", b"PAR1" + bytes(100), "rename it"),
        ("a.csv.gz", gzip.compress(b"PAR1" + bytes(100), mtime=0), "is a Parquet file and not text"),
        ("a.csv.gz", gzip.compress(HEAD + ROWS, mtime=0)[:-9], "gzip data end too early"),
        ("a.csv.gz", b"", "gzip data end too early"),
        ("a.parquet.gz", b"", "gzip data end too early"),
        ("a.csv", HEAD.decode().encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("a.csv", b'"headline,section\n' + ROWS, "first line has a quote that is not closed properly"),
        ("a.csv", b"\xfftext,label\n" + ROWS, "first line is not UTF-8; convert the file, such as with iconv"),
    ],
)
def test_unreadable_files_are_named_in_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    assert sentence in refused(tmp_path / name, content)


def test_column_whose_name_no_page_can_show_is_refused(tmp_path: Path) -> None:
    rows = b'[{"oil\\ud800": "oil", "label": "a"}, {"oil\\ud800": "gold", "label": "b"}]'
    assert refused(tmp_path / "a.json", rows, ColumnError).endswith("'oil\\ud800' is not valid Unicode; rename it.")


@pytest.mark.parametrize(
    ("head", "options", "sentence"),
    [
        (b"id,name", {}, "it is unclear which column has the texts and which the labels; use --text and --label."),
        (b"id|text|label", {}, "has: 'id|text|label'. Columns are separated by commas, semicolons or tabs ("),
        (
            b"title,text,section",
            {},
            "which column has the texts, 'title' or 'text'; use --text for the right one, or for each",
        ),
        (
            b"title,body,section",
            {},
            "which column has the texts, 'title' or 'body'; use --text for the right one, or for each",
        ),
        (b"title,section,class", {}, "If that line is a row and not a header, add --no-header."),
        (b"Export of May,,", {}, "'Export of May', '', ''. If the header is further down, delete the lines above it."),
        (
            b"Export,",
            {"text": ("text",)},
            "'Export', ''. If the header is further down, delete the lines above it.",
        ),
        (b"headline,section", {"text": ("body",)}, "there is no column 'body'"),
        (b"headline,section", {"text": ("2",)}, "Columns have numbers only with --no-header"),
        (b"headline,headline,section", {}, "which column has the texts"),
        (b"headline,headline,section", {"text": ("headline",)}, "there are 2 columns 'headline'"),
        (b"headline,section", {"text": ("headline",), "label": "headline"}, "must be different columns"),
        (b"headline,section", {"time": "day"}, "there is no column 'day'"),
        (b"a,b,c", {"no_header": True}, "which of its 3 columns"),
        (b"a,b", {"no_header": True, "label": "3"}, "numbers from 1 to 2"),
        (b'a,2,"a,b,c\nd,e,",8,9', {"no_header": True}, "which of its 5 columns"),
    ],
)
def test_unclear_columns_are_listed(tmp_path: Path, head: bytes, options: dict[str, Any], sentence: str) -> None:
    found = refused(tmp_path / "a.csv", head + b"\nx,y,z\n", ColumnError, **options)
    assert sentence in found
    assert "must be different" in found or head.split(b",")[0].decode() in found or "numbers from" in found


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "which the labels; use --text and --label. It has: 'data'."),
        ({"text": ("data.text",)}, "there is no column 'data.text'; it has: 'data'."),
        ({"text": ("text",)}, "there is no column 'text'; it has: 'data'."),
    ],
)
def test_nested_fields_are_said_to_need_a_conversion(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    record = b'{"text": "oil", "label": "energy"}'
    for content, convert in (
        (b'{"data": %b}' % record, "'{text: .data.text, label: .data.label}'"),
        (b'{"data": [%b]}' % record, "'.data[]'"),
    ):
        path = tmp_path / "a.jsonl"
        told = refused(path, content, ColumnError, **options)
        assert told.endswith(f"{sentence} {NESTED}, such as with `jq -c {convert} {path} > rows.jsonl`.")
        table = pa.table({"data": [json.loads(content)["data"]]})
        pq.write_table(table, tmp_path / "a.parquet")
        parquet = (tmp_path / "a.parquet").read_bytes()
        assert refused(tmp_path / "a.parquet", parquet, ColumnError, **options).endswith(f"{sentence} {NESTED}.")


def test_nested_fields_are_not_the_reason_of_another_error(tmp_path: Path) -> None:
    row = b'{"text": "oil", "label": "energy", "data": {}}'
    found = refused(tmp_path / "a.jsonl", row, ColumnError, text=("text",), label="text")
    assert found.endswith("must be different columns; correct --text, --label or --time.")


def test_columns_of_parquet_are_not_said_to_be_a_first_line(tmp_path: Path) -> None:
    pq.write_table(pa.table({"wire": ["oil"], "subject": ["energy"]}), tmp_path / "a.parquet")
    found = refused(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes(), ColumnError)
    assert found.endswith("use --text and --label. It has: 'wire', 'subject'.")


@pytest.mark.parametrize("header", [True, False])
def test_quotes_that_each_line_opens_do_not_make_it_be_read_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bool
) -> None:
    reads: Counter[str] = Counter()

    class Counted(bytes):
        def decode(self, *arguments: str) -> str:
            reads["lines"] += 1
            return super().decode(*arguments)

    lines = b"text,label\n" + b'"",y","\n' * 1_000
    monkeypatch.setattr(csv_rows, "split_lines", lambda pieces: map(Counted, split_lines(pieces)))
    (path := tmp_path / "a.csv").write_bytes(lines)
    with pytest.raises(TableError if header else ColumnError):
        read_rows([path], ReadingOptions(no_header=not header))
    assert reads["lines"] <= 10_000


def test_gzip_bomb_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", 20 * 1024**2)
    pack = zlib.compressobj(9, wbits=31)
    bomb = b"".join([pack.compress(HEAD), *(pack.compress(b"x" * 1024**2) for _ in range(64)), pack.flush()])
    assert len(bomb) < 100_000
    assert "after decompression; split it" in refused(tmp_path / "a.csv.gz", bomb)


def test_bomb_of_lines_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_LINES", 100_000)
    assert "more than 100,000 lines" in refused(tmp_path / "a.csv.gz", gzip.compress(HEAD + b"\n" * 10**6))
    monkeypatch.setattr(read, "MAX_ROWS", 1_000)
    assert "more than 1,000 rows" in refused(tmp_path / "a.csv", HEAD + ROWS * 11)


def test_texts_have_a_limit_of_memory_and_not_of_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_TEXT_BYTES", 100_000)
    for texts, fits in ((b"x" * 90_000, True), ("환".encode() * 60_000, False)):
        rows = HEAD + b"".join(texts[at : at + 15_000] + b",energy\n" for at in range(0, len(texts), 15_000))
        if fits:
            (path := tmp_path / "a.csv").write_bytes(rows)
            assert len(read_rows([path]).rows) == 6
            continue
        assert "there are more than 2 GiB of texts in memory" in refused(tmp_path / "a.csv", rows)
        with pytest.raises(TableError, match="2 GiB of texts in memory; use a sample of the texts"):
            read_unlabelled([tmp_path / "a.csv"], ["headline"])


def test_endless_line_is_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + ROWS + b"x" * 3 * MAX_LINE_BYTES + b"\n" + ROWS)
    table = read_rows([path])
    assert (len(table.rows), table.bad, table.first_bad[0].line) == (200, 1, f"{path}:102")


def test_latin_1_is_told_from_other_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + "Wahl in Köln,politik\n".encode("latin-1") * 50)
    with pytest.raises(TableError, match="convert the files to UTF-8"):
        read_rows([path])


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        read_rows([tmp_path / "a.csv"])
