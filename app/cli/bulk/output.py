"""Output folder of a bulk job: one file of answers per shard, written atomically, and one for its bad rows if any.

    file=news.csv/part-000000.jsonl         answers; Spark, DuckDB and pyarrow read `file` from the path as a column
    _bad/file=news.csv/part-000000.jsonl    line and reason of each row that was not classified
    _plan.json                              the job and its shards

Programs that read the folder as one table skip names that begin with _.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa
from pyarrow.fs import FileSelector, FileType, LocalFileSystem
from pydantic_core import to_json

from app.cli.bulk.files import resolve
from app.cli.bulk.sharding import Shard
from app.cli.bulk.table import write_table
from app.cli.exit_status import OutputError
from app.cli.predictors import ChunkResult
from app.cli.readers.row import Row
from app.cli.writers import Answer, BulkOutputFormat

_PLAN = "_plan.json"
_BAD = "_bad"
_UNFINISHED = "_unfinished"


class Output:
    """A folder of answers, in which every file is complete."""

    def __init__(self, address: str, form: BulkOutputFormat, top_k: int) -> None:
        """Open the folder at `address`, a path or URI; raises UnavailableError if its file system cannot be reached."""
        self._system, self._folder = resolve(address)
        self._form = form
        self._top_k = top_k

    def read_plan(self) -> bytes | None:
        """Content of _plan.json; None if there is none."""
        path = f"{self._folder}/{_PLAN}"
        if self._system.get_file_info([path])[0].type == FileType.NotFound:
            return None
        with self._system.open_input_file(path) as file:
            return bytes(file.read())

    def write_plan(self, plan: bytes) -> None:
        """Write _plan.json; raises OutputError."""
        with self._new_file(_PLAN) as stream:
            stream.write(plan)

    def names(self, folder: str = "") -> set[str]:
        """Paths of all files below a subfolder, relative to it; `name` gives the path of a shard's answers."""
        base = f"{self._folder}/{folder}".rstrip("/")
        files = self._system.get_file_info(FileSelector(base, allow_not_found=True, recursive=True))
        return {file.path.removeprefix(base).lstrip("/") for file in files if file.type == FileType.File}

    def bad_files(self) -> int:
        """Number of shards that have bad rows."""
        return len(self.names(_BAD))

    def name(self, shard: Shard) -> str:
        """Path of a shard's answers, relative to the output folder."""
        return f"file={quote(shard.file, safe='')}/part-{shard.part:06d}.{self._form}"

    def write(self, shard: Shard, answers: Iterable[ChunkResult]) -> int:
        """Write the answers and bad rows of a shard.

        Each file is written under a unique temporary name and then renamed, so a process that dies leaves no partial
        file under a final name. Two processes that write the same shard write the same content. The file of answers is
        renamed last: if it exists, the shard is done.

        Returns:
            Number of rows that were classified.

        Raises:
            OutputError: a file cannot be written.
        """
        classified = 0
        bad: list[tuple[int, str]] = []

        def good() -> Iterator[list[tuple[Row, Answer]]]:
            nonlocal classified
            for chunk in answers:
                classified += len(chunk.classified)
                bad.extend(chunk.bad)
                yield chunk.classified

        with self._new_file(self.name(shard)) as stream:
            write_table(stream, self._form, self._top_k, good())
            if bad:
                with self._new_file(f"{_BAD}/{self.name(shard).rpartition('.')[0]}.jsonl") as other:
                    other.write(b"".join(to_json({"line": line, "reason": reason}) + b"\n" for line, reason in bad))
        return classified

    def remove_unfinished(self) -> None:
        """Delete the temporary files of processes that died; call it only when no process writes any more."""
        self._system.delete_dir(f"{self._folder}/{_UNFINISHED}")

    @contextmanager
    def _new_file(self, name: str) -> Iterator[pa.NativeFile]:
        """A temporary file to write, renamed to `name` when it is complete; raises OutputError."""
        folder = f"{self._folder}/{_UNFINISHED}"
        file = f"{folder}/{uuid4().hex}"
        try:
            self._system.create_dir(folder)
            with self._system.open_output_stream(file) as stream:
                yield stream
            self._move_into_place(file, name)
        except OSError as error:
            with suppress(OSError):  # the disk may be full, so free what was written
                self._system.delete_file(file)
            raise OutputError(f"{self._folder}/{name}: cannot be written ({error}).") from None

    def _move_into_place(self, file: str, name: str) -> None:
        """Rename a complete file to its final name, after flushing it to disk."""
        if isinstance(self._system, LocalFileSystem):
            with Path(file).open("rb") as written:
                os.fsync(written.fileno())  # otherwise a power failure could keep the rename and lose the content
        target = f"{self._folder}/{name}"
        self._system.create_dir(target.rpartition("/")[0])
        self._system.move(file, target)
