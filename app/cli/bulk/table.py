"""Writes a shard's answers as Parquet, JSON Lines or CSV, with the same columns in each."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.readers.row import Row
from app.cli.writers import Answer, BulkOutputFormat, Writer, columns

ROW_GROUP = 25_000

_TYPES = {"line": pa.int64(), "probability": pa.float64(), "outside": pa.float64()}
"""Parquet types by column name without its rank; all other columns hold text."""
_SETS = {"topic_set": pa.list_(pa.string())}
"""Parquet types by column name."""


def write_table(
    stream: pa.NativeFile, form: BulkOutputFormat, top_k: int, chunks: Iterable[Sequence[tuple[Row, Answer]]]
) -> None:
    """Write all rows, with at most ROW_GROUP rows plus one chunk in memory."""
    if form != "parquet":
        writer = Writer(form, top_k)
        stream.write(writer.header())
        for chunk in chunks:
            stream.write(writer.rows(chunk))
        return
    names = columns(top_k)
    schema = pa.schema([(name, _SETS.get(name) or _TYPES.get(name.partition("_")[0], pa.string())) for name in names])
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
