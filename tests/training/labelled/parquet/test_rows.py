"""Parquet: the same rows as from other formats, numbered from 1, with bad ones left out."""

import gzip
from contextlib import nullcontext
from pathlib import Path

import pytest

from app.cli.readers import parquet_footer
from training.errors import ColumnError, TableError
from training.labelled.parquet import rows as parquet
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.unlabelled import read_unlabelled

pa = pytest.importorskip("pyarrow", reason="needs the train extra")
pc = pytest.importorskip("pyarrow.compute")
pq = pytest.importorskip("pyarrow.parquet")


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_rows_have_texts_labels_and_times(tmp_path: Path) -> None:
    stamps = pa.array([0, 86_400_000, None], pa.timestamp("ms"))
    texts = pa.array(["oil", "gold", "wheat"]).dictionary_encode()
    path = write(tmp_path / "a.parquet", title=texts, category=[7, 8, 9], day=stamps)
    read = read_rows([path], ReadingOptions(time="day", most_bad=0.5))
    assert [(row.text, row.labels, row.number) for row in read.rows] == [("oil", ("7",), 1), ("gold", ("8",), 2)]
    assert read.rows[1].time is not None
    assert read.rows[1].time.isoformat() == "1970-01-02T00:00:00+00:00"
    assert read.first_bad[0].why == "has no time"


def test_lists_of_labels_need_no_separator(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=["oil", "gold", "rain"], tags=[["a", "b"], ["b"], []])
    read = read_rows([path], ReadingOptions(outside=("",)))
    assert [row.labels for row in read.rows] == [("a", "b"), ("b",), ()]


def test_packed_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=["oil"], label=["a"])
    packed = tmp_path / "b.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [row.text for row in read_rows([packed]).rows] == ["oil"]


def test_bytes_that_are_not_utf_8_and_missing_texts_are_bad_rows(tmp_path: Path) -> None:
    broken = pa.array([b"oil", b"\xff", None, b"gold"]).view(pa.string())
    read = read_rows([write(tmp_path / "a.parquet", text=broken, label=["a"] * 4)], ReadingOptions(most_bad=1))
    assert [row.text for row in read.rows] == ["oil", "gold"]
    assert [row.why for row in read.first_bad] == ["is not UTF-8", "has no text in the column 'text'"]


def test_nanoseconds_and_time_zones_are_read(tmp_path: Path) -> None:
    stamps = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "Asia/Seoul"))
    read = read_rows([write(tmp_path / "a.parquet", text=["oil"], label=["a"], day=stamps)], ReadingOptions(time="day"))
    assert read.rows[0].time is not None
    assert read.rows[0].time.isoformat() == "2023-11-14T22:13:20.123456+00:00"


@pytest.mark.parametrize(
    "kind",
    [
        pa.date32(),
        pa.date64(),
        *(pa.timestamp(unit, zone) for unit in ("s", "ms", "us") for zone in (None, "Asia/Seoul")),
    ],
)
@pytest.mark.parametrize("beyond", [3_000_000, -800_000])
def test_time_outside_the_years_that_python_has_is_a_bad_row(tmp_path: Path, kind: object, beyond: int) -> None:
    days = pa.array([20_000, beyond, 20_001], pa.int64())
    per_day = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}
    unit = getattr(kind, "unit", "ms")
    stamps = days.cast(pa.int32()).cast(kind) if kind == pa.date32() else pc.multiply(days, per_day[unit]).cast(kind)
    path = write(tmp_path / "a.parquet", text=["oil", "gold", "rain"], label=["a"] * 3, day=stamps)
    read = read_rows([path], ReadingOptions(time="day", most_bad=0.5))
    assert [(row.text, f"{row.time:%F %z}") for row in read.rows] == [
        ("oil", "2024-10-04 +0000"),
        ("rain", "2024-10-05 +0000"),
    ]
    assert "which is not ISO 8601 such as 2026-11-26, a year or seconds since 1970" in read.first_bad[0].why


@pytest.mark.parametrize(
    ("column", "values", "kind", "must"),
    [
        ("text", [1], "int64", "texts must be strings; "),
        ("label", pa.array([1], pa.date32()), "date32[day]", "labels must be strings, numbers or lists of them; "),
        ("label", pa.array([1], pa.timestamp("us")), "timestamp[us]", "labels must be strings, numbers or lists"),
        ("label", [{"a": "b"}], "struct<a: string>", "labels must be"),
        ("label", [[b"a"]], "list<element: binary>", "labels must be"),
        ("label", [[["a"]]], "list<element: list<element: string>>", "labels must be"),
        ("time", pa.array([1], pa.time64("ns")), "time64[ns]", "times must be dates, timestamps, numbers or strings; "),
        ("time", [{f"field {i}": 1 for i in range(20)}], "struct<field 0: int64", "times must be"),
    ],
)
def test_column_of_another_type_is_refused_with_its_type(
    tmp_path: Path, column: str, values: object, kind: str, must: str
) -> None:
    path = write(tmp_path / "a.parquet", **({"text": ["oil"], "label": ["a"], "time": [2026]} | {column: values}))
    with pytest.raises(TableError) as error:
        read_rows([path], ReadingOptions(text=("text",), label="label", time="time"))
    message = str(error.value).partition(": ")[2]
    assert message.startswith(f"the column {column!r} has the type {kind}")
    assert f", but {must}" in message
    assert message.endswith(f"or choose another column with --{column}.")
    assert len(message) < 250


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()])
def test_types_of_texts_are_all_read(tmp_path: Path, kind: object) -> None:
    texts = pa.array(["oil", None, "é"]).cast(kind)
    path = write(tmp_path / "a.parquet", text=texts, label=texts)
    assert [(row.text, row.labels) for row in read_rows([path], ReadingOptions(most_bad=1)).rows] == [
        ("oil", ("oil",)),
        ("é", ("é",)),
    ]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_types_of_lists_are_all_read(tmp_path: Path, kind: object) -> None:
    for lists in (pa.list_(kind), pa.large_list(kind)):
        labels = pa.array([["a"], None, []], lists)
        path = write(tmp_path / "a.parquet", text=["oil", "gold", "rain"], label=labels)
        assert [row.labels for row in read_rows([path], ReadingOptions(outside=("",))).rows] == [("a",), (), ()]


def test_column_with_a_dot_is_the_right_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", **{"news.title": ["oil"], "label": ["a"], "other": ["b"]})
    assert [row.text for row in read_rows([path], ReadingOptions(text=("news.title",))).rows] == ["oil"]


def test_damage_inside_the_file_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=["oil prices rise"] * 1000, label=["a"] * 1000)
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xff" * 40 + content[48:])
    with pytest.raises(TableError, match="cannot be read after row 0"):
        read_rows([path])


def repeated(value: object, rows: int) -> object:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))


def test_long_cell_that_a_dictionary_repeats_is_never_converted(tmp_path: Path) -> None:
    rows = 10_000
    text, label = repeated("x" * 2_000_000, rows), repeated("a" * 2_000_000, rows)
    short = pa.array(["oil"] * rows)
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, columns in zip(paths, ({"text": text, "label": short}, {"text": short, "label": label}), strict=True):
        pq.write_table(pa.table(columns), path, store_schema=False)
    assert max(path.stat().st_size for path in paths) < 2_000_000
    for path in paths:
        before = pa.default_memory_pool().max_memory()
        with pytest.raises(
            TableError, match=r"all 10,000 rows are bad .*have a cell of more than 80,000 bytes or 1,000 l"
        ):
            read_rows([path])
        assert pa.default_memory_pool().max_memory() - before < 500_000_000


def test_long_cells_are_bad_rows_and_the_others_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.parquet",
        text=["oil", "x" * 80_001, "gold", None, "rain", "snow"],
        label=[["a", "b"], ["a"], ["a"] * 1_001, ["a"], ["b", "x" * 90_000], None],
    )
    read = read_rows([path], ReadingOptions(most_bad=1))
    assert [(row.number, row.text, row.labels) for row in read.rows] == [(1, "oil", ("a", "b"))]
    assert [(row.line.rpartition(":")[2], row.why[:30]) for row in read.first_bad] == [
        ("2", "has a cell of more than 80,000"),
        ("3", "has a cell of more than 80,000"),
        ("5", "has a cell of more than 80,000"),
        ("4", "has no text in the column 'tex"),
        ("6", "has no label"),
    ]


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
def test_long_labels_that_a_dictionary_repeats_in_lists_are_never_converted(tmp_path: Path, kind: type) -> None:
    rows, path = 2_000, tmp_path / "a.parquet"
    lists = (pa.ListArray if kind is pa.list_ else pa.LargeListArray).from_arrays(
        list(range(rows + 1)), repeated("a" * 1_000_000, rows)
    )
    pq.write_table(pa.table({"text": ["oil"] * rows, "label": lists}), path, store_schema=kind is pa.large_list)
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(TableError, match=r"all 2,000 rows are bad .*have a cell of more than 80,000 bytes"):
        read_rows([path])
    assert pa.default_memory_pool().max_memory() - before < 100_000_000


def test_label_that_is_not_utf_8_makes_only_its_row_bad(tmp_path: Path) -> None:
    labels = pa.ListArray.from_arrays([0, 1, 2, 3], pa.array([b"a", b"\xff", b"b"]).view(pa.string()))
    read = read_rows(
        [write(tmp_path / "a.parquet", text=["oil", "gold", "rain"], label=labels)], ReadingOptions(most_bad=1)
    )
    assert [(row.text, row.labels) for row in read.rows] == [("oil", ("a",)), ("rain", ("b",))]
    assert [row.why for row in read.first_bad] == ["is not UTF-8"]


def test_too_many_rows_and_too_large_row_groups_are_refused_from_the_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.parquet", text=["oil"] * 20, label=[["a"] * 4] * 20, other=["x" * 9_999] * 20)
    monkeypatch.setattr(parquet, "MAX_VALUES", 20)
    monkeypatch.setattr(parquet, "MAX_COLUMN_BYTES", 1_000)
    assert len(read_rows([path]).rows) == 20
    monkeypatch.setattr(parquet, "MAX_VALUES", 7)
    with pytest.raises(TableError, match="has more than 7 rows or labels; split it"):
        read_rows([path])
    monkeypatch.setattr(parquet, "MAX_VALUES", 20)
    monkeypatch.setattr(parquet, "MAX_COLUMN_BYTES", 10)
    with pytest.raises(TableError, match="MiB in one row group; write it with smaller row groups"):
        read_unlabelled([path], ["text"])


@pytest.mark.parametrize("damage", [b"PAR1", b"PAR1" + bytes(200) + b"PAR1", b"oil"])
def test_damaged_file_is_one_sentence(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(damage)
    with pytest.raises(TableError, match="is not a Parquet file"):
        read_rows([path])


def test_parquet_under_another_name_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=["oil"], label=["a"]).rename(tmp_path / "a.csv")
    with pytest.raises(TableError, match=r"rename it so that its name ends with \.parquet"):
        read_rows([path])


@pytest.mark.parametrize("more", [0, 1])
def test_footer_may_be_as_large_as_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    file = write(tmp_path / "a.parquet", text=["oil", "gas"], label=["a", "b"])
    length = int.from_bytes(file.read_bytes()[-8:-4], "little")
    monkeypatch.setattr(parquet_footer, "MAX_FOOTER_BYTES", length - more)
    with pytest.raises(TableError, match=f"its footer has {length:,} bytes") if more else nullcontext():
        assert len(read_rows([file]).rows) == 2


def test_texts_without_labels_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", id=[1, 2, 3], title=["oil", None, "gold"])
    packed = tmp_path / "b.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    rows, bad = read_unlabelled([path, packed], ["title"])
    assert [(row.text, row.labels, row.number) for row in rows] == [("oil", (), 1), ("gold", (), 3)] * 2
    assert bad == 2
    with pytest.raises(ColumnError, match=r"no column 'text'; it has: 'id', 'title'; .* as in the training rows\.$"):
        read_unlabelled([path], ["text"])
