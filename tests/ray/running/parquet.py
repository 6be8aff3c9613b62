"""JSON Lines to Parquet, run with Ray's Python: FROM TO TYPE, one column `headline` in row groups of 7 rows."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

source, target, kind = sys.argv[1:]
with Path(source).open() as lines:
    values = [json.loads(line) for line in lines]
types = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "int64": pa.int64(),
}
# Some writers produce such strings: Parquet does not check that they are UTF-8.
raw = [value if value is None or kind == "int64" else value.encode("utf-8", "surrogateescape") for value in values]
column = pa.array(raw) if kind == "int64" else pa.array(raw, pa.binary()).view(pa.string()).cast(pa.string())
column = column if kind == "string" else column.cast(types[kind])
pq.write_table(pa.table({"id": list(range(len(values))), "headline": column}), target, row_group_size=7)
