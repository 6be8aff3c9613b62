"""A shard's answers as Parquet, JSON Lines and CSV."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.bulk import table
from app.cli.bulk.table import write_table
from app.cli.readers.row import Row
from app.cli.writers import Answer, BulkOutputFormat, Prediction, Writer, columns

OIL = Answer(
    [Prediction("crude", "Crude oil", 0.5), Prediction("gas", "Gasoline", 0.25)], None, 0.125, ["crude", "gas"]
)
NONE = Answer([], "no_known_words")
CHUNKS = [[(Row(1, "oil"), OIL), (Row(2, "zzyzx"), NONE)], [(Row(4, "gas"), OIL)], [(Row(5, "tin"), OIL)]]


def written(form: BulkOutputFormat, chunks: list) -> bytes:
    stream = io.BytesIO()
    write_table(stream, form, 2, chunks)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_text_is_that_of_the_command(form: BulkOutputFormat) -> None:
    writer = Writer(form, 2)
    assert written(form, CHUNKS) == writer.header() + b"".join(map(writer.rows, CHUNKS))


def test_parquet_has_the_columns_of_the_command_with_their_types() -> None:
    found = pq.read_table(io.BytesIO(written("parquet", CHUNKS)))
    assert found.schema.names == columns(2)
    numbers = {"line": pa.int64()} | dict.fromkeys(("probability", "probability_2", "outside"), pa.float64())
    other = {name: pa.list_(pa.string()) if name == "topic_set" else pa.string() for name in columns(2)}
    assert dict(zip(found.schema.names, map(str, found.schema.types), strict=True)) == {
        name: str(kind).replace("item", "element") for name, kind in (other | numbers).items()
    }
    assert found.to_pylist() == [
        dict(zip(columns(2), row, strict=True)) for chunk in CHUNKS for row in Writer("jsonl", 2).values(chunk)
    ]


def test_parquet_has_row_groups_of_whole_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "ROW_GROUP", 3)
    metadata = pq.read_metadata(io.BytesIO(written("parquet", CHUNKS)))
    assert [metadata.row_group(one).num_rows for one in range(metadata.num_row_groups)] == [3, 1]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_without_a_row_has_the_columns() -> None:
    found = pq.read_table(io.BytesIO(written("parquet", [])))
    assert (found.num_rows, found.schema.names) == (0, columns(2))
