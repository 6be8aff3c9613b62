"""A file read in shards gives the rows that it gives as a whole, wherever it is split."""

import gzip
import json
import random
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from app.cli.bulk import sharding
from app.cli.bulk.files import File, find_files
from app.cli.bulk.rows import shard_rows
from app.cli.bulk.sharding import Shard, split_file
from app.cli.exit_status import InputError
from app.cli.readers import parquet_footer
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.input_format import input_format, read_table
from app.cli.readers.row import Row, RowOptions

SYSTEM = LocalFileSystem()

PIECES = ["oil", "wheat, corn", '"', '""', "\n", "\r\n", ",", "\ufeff", "café", '"a\nb"', "x" * 1200, "\r", " ", "1\n"]
CSV = [
    "headline\noil\nwheat\ngold",
    'id,headline\n1,oil\n2,"wheat\nand corn"\n3,5" pipe\n4,gold\n5,"a"b\n6,tin\n',
    '\ufeff"head\nline",headline\n1,oil\n2,wheat\n' * 3,
    "headline\r\noil\r\n\r\nwheat\r\n",
    'headline\n"never closed\noil\nwheat\n' + "gold\n" * 40,
    'headline\n"' + "y" * 140_000 + '"\noil\nwheat\n',
    "id,headline\r1,oil\r\r2,wheat\r" * 3,
    'id,headline\r\n1,"oil\r\nand gas"\r\n2,"wheat\r\n3,gold\r\n' * 20,
    'id,headline\n1,"oil\n' + "2,wheat\n" * 1100 + '3,"gold, silver"\n4,"tin"\n',
    "id,date,headline\n" + '1,2026,"oil\n2,2026,wheat\n3,2026,gold\n4,2026,tin"\n' * 9,
    "headline\n",
    "headline",
    '"id";"headline"\n1;"oil\n; gas"\n2;wheat\n',
    '\ufeffsep=;\r\nid;Headline\r\n1;oil, gas\r\n2;"wheat\r\n"\r\n3;gold\r\n' * 3,
    "\n \r\nsep=,\n\nid,headline\n" + "1,oil\n2,wheat\n" * 9,
]
LINES = ["oil\nwheat\n\ufeffgold\n\n" * 20, "no end", "\n\n\n", "a\r\nb\rc\n", "a\rb\r" * 9, "\r\n\r\n\n\r\r\n" * 9]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    chance = random.Random(8)
    made = [
        f"{chance.choice(['headline', 'id,headline'])}\n" + "".join(chance.choices(PIECES, k=120)) for _ in range(30)
    ]
    for number, content in enumerate([*CSV, *made]):
        (folder / f"{number:03}.csv").write_bytes(content.encode())
    (folder / "a.tsv").write_text("id\theadline\n" + '1\toil, gas\n2\t"wheat\nflour"\n' * 9)
    (folder / "a.json").write_text(json.dumps(["oil", "wheat", 7, {"headline": "gold"}]))
    (folder / "lines.json").write_text('{"headline": "oil"}\n{\n' * 9)
    (folder / "a.csv.gz").write_bytes(gzip.compress(CSV[1].encode()))
    (folder / "utf16.csv").write_bytes(f"\ufeff{CSV[1]}".encode("utf-16-be"))
    (folder / "mark.txt").write_bytes("\ufeffoil\r\nwheat".encode())
    long = "x" * (1024 * 1024 + 7)
    (folder / "long.csv").write_text(f'headline\noil\n{long}\n"a\n{long}\nb"\nwheat\n')
    for number, content in enumerate([*LINES, f"oil\n{long}\nwheat\n{long}"]):
        (folder / f"{number:03}.txt").write_bytes(content.encode() + b"\xff\n")
    objects = ['{"headline": "oil"}', "{", '{"headline": null}', '{"headline": 7}', '\ufeff{"headline": "tin"}', "[]"]
    (folder / "a.jsonl").write_bytes("\n".join(chance.choices(objects, k=300)).encode())
    return folder


def split(path: Path, size: int | None = None, names: Sequence[str] = ("headline",)) -> list[Shard]:
    [file] = find_files(str(path), [], [])
    return split_file(SYSTEM, file, names, size)


def rows_of(path: Path, shards: list[Shard], names: Sequence[str] = ("headline",)) -> list[Row]:
    [file] = find_files(str(path), [], [])
    return [row for shard in shards for row in shard_rows(SYSTEM, file, shard, names, 1000)]


@pytest.mark.parametrize("size", [1, 17, 400, 10_000_000])
def test_shards_give_the_rows_of_the_whole_file(files: Path, size: int) -> None:
    splits = 0
    for path in files.iterdir():
        with path.open("rb") as stream:
            pieces = decoded(read_pieces(stream, path.name), path.name)
            table = read_table(pieces, input_format(path.name, (), ()), RowOptions(("headline",), 1000), path.name)
            whole = [row[:3] for row in table.rows]
        shards = split(path, size)
        assert [row[:3] for row in rows_of(path, shards)] == whole, path.name
        edges = [edge for shard in shards for edge in (shard.begin, shard.end)]
        assert edges[1:-1:2] == edges[2::2], "shards neither overlap nor leave a gap"
        assert (edges[0], edges[-1]) == (0, path.stat().st_size)
        assert [shard.part for shard in shards] == list(range(len(shards)))
        splits += len(shards) - 1
    assert (splits > 200) == (size < 1000)


def parquet(path: Path, headlines: pa.Array) -> Path:
    pq.write_table(pa.table({"id": list(range(len(headlines))), "headline": headlines}), path, row_group_size=7)
    return path


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_parquet_rows_are_numbered_across_row_groups_and_bad_rows_are_reported(
    tmp_path: Path, kind: pa.DataType
) -> None:
    values = ["oil", None, "", " ", "x" * 1001, *(f"wheat {number}" for number in range(40))]
    path = parquet(tmp_path / "a.parquet", pa.array(values, pa.string()).cast(kind))
    shards = split(path, 10)
    assert [(shard.begin, shard.end) for shard in shards] == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)]
    assert [shard.line for shard in shards] == [1, 11, 21, 31, 41]
    rows = rows_of(path, shards)
    assert [row.line for row in rows] == list(range(1, 46))
    assert {row.line: row.fault for row in rows if row.fault is not None} == {
        2: "has no text",
        3: "has no text",
        4: "has no text",
        5: "has 1,001 characters, more than 1,000",
    }
    assert [row.headline for row in rows if row.fault is None] == ["oil", *values[5:]]


def test_parquet_row_that_is_not_utf_8_costs_itself_only(tmp_path: Path) -> None:
    texts = pa.array([b"oil", b"\xff", None, b"gold"]).view(pa.string())  # some writers produce such strings
    path = parquet(tmp_path / "a.parquet", texts)
    assert [row[1:3] for row in rows_of(path, split(path))] == [
        ("oil", None),
        ("", "is not UTF-8"),
        ("", "has no text"),
        ("gold", None),
    ]


def test_texts_of_several_columns_are_joined_in_every_format(tmp_path: Path) -> None:
    subjects, bodies = ["oil", "", "tin", None], ["is dear", "gold", " ", None]
    pq.write_table(pa.table({"Body": bodies, "id": [1, 2, 3, 4], "subject": subjects}), tmp_path / "a.parquet")
    rows = [{"body": body, "subject": subject} for subject, body in zip(subjects, bodies, strict=True)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [f"{row['body'] or ''},1,{row['subject'] or ''}\n" for row in rows]
    (tmp_path / "a.csv").write_text("body,id,subject\n" + "".join(lines))
    for path in tmp_path.iterdir():
        shards = split(path, 10 if path.suffix != ".parquet" else 2, ["subject", "body"])
        assert len(shards) > 1
        found = [(row.headline, row.fault) for row in rows_of(path, shards, ["subject", "body"])]
        assert found[:3] == [("oil is dear", None), ("gold", None), ("tin", None)], path.name
        assert [fault is None for _, fault in found] == [True, True, True, False], path.name


def test_parquet_row_with_a_text_that_is_not_utf_8_is_bad_whichever_column_has_it(tmp_path: Path) -> None:
    table = {"a": pa.array([b"oil", b"gold"]).view(pa.string()), "b": pa.array([b"\xff", b"tin"]).view(pa.string())}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    path = tmp_path / "a.parquet"
    assert [row[1:3] for row in rows_of(path, split(path, names=["a", "b"]), ["a", "b"])] == [
        ("", "is not UTF-8"),
        ("gold tin", None),
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"id": [1], "title": ["oil"]},
            "a.parquet: there is no column 'headline'; there are: id, title; choose one with --column",
        ),
        ({"headline": [1]}, "a.parquet: the column 'headline' holds int64, not text; choose one with --column"),
        (
            {"headline": pa.array([1]).dictionary_encode()},
            "a.parquet: the column 'headline' holds int64, not text; choose one with --column",
        ),
    ],
)
def test_parquet_without_a_column_of_text_is_refused(tmp_path: Path, columns: dict, sentence: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(ColumnError) as refused:
        split(tmp_path / "a.parquet")
    assert str(refused.value) == sentence


def test_parquet_with_two_columns_of_the_same_name_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["oil"]), pa.array(["gold"])], names=["headline", "headline"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ColumnError, match="there are 2 columns 'headline'; rename all but one"):
        split(tmp_path / "a.parquet")


@pytest.mark.parametrize(("name", "text"), [("a.parquet", ""), ("a.csv", "Title\noil\n")])
def test_column_that_is_named_in_two_cases_is_refused(tmp_path: Path, name: str, text: str) -> None:
    if text:
        (tmp_path / name).write_text(text)
    else:
        pq.write_table(pa.table({"Title": ["oil"]}), tmp_path / name)
    with pytest.raises(ColumnError, match=f"{name}: the column 'Title' is named more than once; name it once"):
        split(tmp_path / name, names=["title", "Title"])


def test_file_without_a_row_has_at_most_one_empty_shard(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "a.csv").write_text("headline\n")
    empty = parquet(tmp_path / "a.parquet", pa.array([], pa.string()))
    for path, number in ((tmp_path / "a.txt", 0), (tmp_path / "a.csv", 1), (empty, 0)):
        shards = split(path)
        assert (len(shards), rows_of(path, shards)) == (number, [])


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.parquet", b"?" * 20, "cannot be read ("),
        ("a.txt", b"\x89PNG\0\0\0\0", "is a PNG image and not text; convert it, or name a text file."),
        ("a.csv", b"", "its first line should name the columns."),
    ],
)
def test_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refused:
        split(tmp_path / name)
    assert name in refused.value.message
    assert sentence in refused.value.message


@pytest.mark.parametrize("more", [0, 1])
def test_parquet_footer_may_be_as_large_as_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    file = parquet(tmp_path / "a.parquet", pa.array(["oil", "gas"]))
    length = int.from_bytes(file.read_bytes()[-8:-4], "little")
    monkeypatch.setattr(parquet_footer, "MAX_FOOTER_BYTES", length - more)
    refused = rf"a\.parquet: its footer has {length:,} bytes, more than {length - 1:,}; write it with larger row groups"
    with pytest.raises(InputError, match=refused) if more else nullcontext():
        assert len(rows_of(file, split(file))) == 2


def test_file_that_is_gone_when_its_shard_is_read_is_named(tmp_path: Path) -> None:
    file = File(name="a.txt", path=str(tmp_path / "a.txt"), form="lines", size=4, modified=0)
    with pytest.raises(InputError, match=r"a\.txt: cannot be read \("):
        list(shard_rows(SYSTEM, file, Shard("a.txt", 0, 0, 4, 1), ["headline"], 1000))


def test_size_of_a_shard_is_in_bytes_of_text_and_in_rows_of_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("oil\n" * 20)
    path = parquet(tmp_path / "a.parquet", pa.array(["oil"] * 20))
    assert [len(split(tmp_path / "a.txt")), len(split(path))] == [1, 1]
    monkeypatch.setattr(sharding, "SHARD_BYTES", 40)
    monkeypatch.setattr(sharding, "SHARD_ROWS", 4)
    assert [len(split(tmp_path / "a.txt")), len(split(path))] == [2, 5]
