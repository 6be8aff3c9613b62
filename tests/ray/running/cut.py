"""Cuts files and reads the shards, run with Ray's Python: FOLDER SIZE, and rows as JSON Lines on standard output."""

import json
import sys

from app.cli.bulk.files import find_files, resolve
from app.cli.bulk.rows import shard_rows
from app.cli.bulk.sharding import split_file

folder, size = sys.argv[1], int(sys.argv[2])
system, _ = resolve(folder)
for file in find_files(folder, None, None):
    shards = split_file(system, file, "headline", size)
    rows = [[tuple(row[:3]) for row in shard_rows(system, file, shard, "headline", 1000)] for shard in shards]
    bounds = [(shard.begin, shard.end) for shard in shards]
    print(json.dumps({"file": file.name, "size": file.size, "bounds": bounds, "rows": rows}))
