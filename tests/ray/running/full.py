"""Writes a shard to a full disk, run with Ray's Python: FOLDER; prints the error and the remaining files."""

import sys
from pathlib import Path

from app.cli.bulk import output
from app.cli.bulk.sharding import Shard
from app.cli.exit_status import OutputError
from app.cli.predictors import ChunkResult
from app.cli.readers.row import Row
from app.cli.writers import Answer

folder = Path(sys.argv[1])
(folder / "_unfinished").mkdir(parents=True)
(folder / "_unfinished" / "full").symlink_to("/dev/full")


class Full:
    """Replaces uuid4: the next file to be written is a device that is always full."""

    hex = "full"


output.uuid4 = Full
answers = ChunkResult([(Row(number, "oil"), Answer([], None)) for number in range(10_000)], [(10_001, "is empty")])
for form in ("jsonl", "parquet"):
    try:
        output.Output(str(folder), form, 1).write(Shard("a.txt", 0, 0, 9, 1), iter([answers]))
    except OutputError as error:
        print(error.exit_code, error.message)
    (folder / "_unfinished" / "full").unlink(missing_ok=True)
    (folder / "_unfinished" / "full").symlink_to("/dev/full")
print(sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()))
