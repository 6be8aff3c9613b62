"""A file read in shards gives the rows that it gives as a whole, wherever it is cut."""

import gzip
import json
import random
from pathlib import Path

import pytest

from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.rows import Options, input_format, read_table
from tests.ray.conftest import Run

pytestmark = [pytest.mark.slow, pytest.mark.ray]

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
]
LINES = ["oil\nwheat\n\ufeffgold\n\n" * 20, "no end", "\n\n\n", "a\r\nb\rc\n", "a\rb\r" * 9, "\r\n\r\n\n\r\r\n" * 9]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    chance = random.Random(8)
    made = [
        f"{chance.choice(['headline', 'id,headline'])}\n" + "".join(chance.choices(PIECES, k=120)) for _ in range(60)
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


@pytest.mark.parametrize("size", [1, 17, 400, 10_000_000])
def test_shards_give_the_rows_of_the_whole_file(run: Run, files: Path, size: int) -> None:
    cuts = 0
    for line in run("-m", "tests.ray.running.cut", files, size).stdout.splitlines():
        one = json.loads(line)
        path = files / one["file"]
        with path.open("rb") as stream:
            pieces = decoded(read_pieces(stream, path.name), path.name)
            table = read_table(pieces, input_format(path.name, None, None), Options("headline", 1000), path.name)
            whole = [list(row[:3]) for row in table.rows]
        assert [row for rows in one["rows"] for row in rows] == whole, path.name
        edges = [edge for bounds in one["bounds"] for edge in bounds]
        assert edges[1:-1:2] == edges[2::2], "shards neither overlap nor leave a gap"
        assert (edges[0], edges[-1]) == (0, path.stat().st_size)
        cuts += len(one["bounds"]) - 1
    assert (cuts > 300) == (size < 1000)


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_parquet_rows_are_numbered_across_row_groups_and_bad_rows_are_reported(
    run: Run, tmp_path: Path, kind: str
) -> None:
    values = ["oil", None, "", " ", "x" * 1001, *(f"wheat {number}" for number in range(40))]
    if kind == "string":
        values[20] = "\udcff"
    (tmp_path / "values").write_text("\n".join(map(json.dumps, values)))
    (tmp_path / "in").mkdir()
    run("-m", "tests.ray.running.parquet", tmp_path / "values", tmp_path / "in" / "a.parquet", kind)
    one = json.loads(run("-m", "tests.ray.running.cut", tmp_path / "in", 10).stdout)
    assert one["bounds"] == [[0, 10], [10, 20], [20, 30], [30, 40], [40, 45]]
    rows = [row for rows in one["rows"] for row in rows]
    assert [line for line, _, _ in rows] == list(range(1, 46))
    assert [fault for _, _, fault in rows[:5]] == [
        None,
        "is empty",
        "is empty",
        "is empty",
        "has 1,001 characters, more than 1,000",
    ]
    assert rows[20][2] == ("is not UTF-8" if kind == "string" else None)
    assert [headline for _, headline, fault in rows if fault is None] == [
        value
        for number, value in enumerate(values)
        if number not in (1, 2, 3, 4, 20) or (number, kind) == (20, kind)
        if not (number == 20 and kind == "string")
    ]
