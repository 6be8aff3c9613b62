"""A file of answers: Parquet, or what the one-machine command writes, with the same columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.readers.row import Row
from app.cli.writers import BulkFormat, Verdict, Writer, columns

ROW_GROUP = 25_000

_TYPES = {"line": pa.int64(), "probability": pa.float64()}
"""By a column's name before its rank; all others hold text."""


def write_table(
    stream: pa.NativeFile, form: BulkFormat, top_k: int, chunks: Iterable[Sequence[tuple[Row, Verdict]]]
) -> None:
    """Write all rows, holding ROW_GROUP of them at most and a chunk."""
    if form != "parquet":
        writer = Writer(form, top_k)
        stream.write(writer.head())
        for chunk in chunks:
            stream.write(writer.rows(chunk))
        return
    names = columns(top_k)
    schema = pa.schema([(name, _TYPES.get(name.partition("_")[0], pa.string())) for name in names])
    values = Writer("jsonl", top_k).values
    held: list[list[Any]] = []
    with pq.ParquetWriter(stream, schema, compression="zstd") as parquet:

        def flush() -> None:
            columns_held = zip(zip(*held, strict=True), schema.types, strict=True)
            arrays = [pa.array(column, kind) for column, kind in columns_held]
            parquet.write_batch(pa.record_batch(arrays, schema=schema))
            held.clear()

        for chunk in chunks:
            held += values(chunk)
            if len(held) >= ROW_GROUP:
                flush()
        if held:
            flush()
