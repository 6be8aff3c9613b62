"""The output folder: a file for each shard, there whole or not at all, and one for its bad rows if it has any.

    file=news.csv/part-000000.jsonl         answers; Spark, DuckDB and pyarrow take `file` from the folder for a column
    _bad/file=news.csv/part-000000.jsonl    rows that cannot be answered, and why
    _plan.json                              what is answered here

Those who read the folder as one table pass over names that begin with _.
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

from app.cli.bulk.files import place
from app.cli.bulk.sharding import Shard
from app.cli.bulk.table import write_table
from app.cli.exit_status import OutputError
from app.cli.predictors import Asked
from app.cli.readers.row import Row
from app.cli.writers import BulkFormat, Verdict

_PLAN = "_plan.json"
_BAD = "_bad"
_UNFINISHED = "_unfinished"


class Output:
    """A folder of answers; what is there is there whole."""

    def __init__(self, address: str, form: BulkFormat, top_k: int) -> None:
        """`address`: as `place` takes it; raises NoAnswerError if there is no such file system."""
        self._system, self._folder = place(address)
        self._form = form
        self._top_k = top_k

    def plan(self) -> bytes | None:
        """The plan, if there is one."""
        path = f"{self._folder}/{_PLAN}"
        if self._system.get_file_info([path])[0].type == FileType.NotFound:
            return None
        with self._system.open_input_file(path) as file:
            return bytes(file.read())

    def keep_plan(self, plan: bytes) -> None:
        """Write it; raises OutputError."""
        with self._new_file(_PLAN) as stream:
            stream.write(plan)

    def names(self, folder: str = "") -> set[str]:
        """The files that are there, relative to the folder; those of answers are as `name` says."""
        base = f"{self._folder}/{folder}".rstrip("/")
        files = self._system.get_file_info(FileSelector(base, allow_not_found=True, recursive=True))
        return {one.path.removeprefix(base).lstrip("/") for one in files if one.type == FileType.File}

    def bad_files(self) -> int:
        """How many shards had bad rows."""
        return len(self.names(_BAD))

    def name(self, shard: Shard) -> str:
        """The file of a shard's answers."""
        return f"file={quote(shard.file, safe='')}/part-{shard.part:06d}.{self._form}"

    def write(self, shard: Shard, answers: Iterable[Asked]) -> int:
        """Write a shard; how many rows were answered; raises OutputError.

        What a process leaves half written when it dies has a name that nobody uses again, and two who write the same
        shard write the same, so the later replaces like with like. Answers get their name last: where they are, the
        shard is done.
        """
        answered = 0
        bad: list[tuple[int, str]] = []

        def good() -> Iterator[list[tuple[Row, Verdict]]]:
            nonlocal answered
            for asked in answers:
                answered += len(asked.answered)
                bad.extend(asked.bad)
                yield asked.answered

        with self._new_file(self.name(shard)) as stream:
            write_table(stream, self._form, self._top_k, good())
            if bad:
                with self._new_file(f"{_BAD}/{self.name(shard).rpartition('.')[0]}.jsonl") as other:
                    other.write(b"".join(to_json({"line": line, "reason": reason}) + b"\n" for line, reason in bad))
        return answered

    def tidy(self) -> None:
        """Remove what dead processes left half written; only when nobody writes any more."""
        self._system.delete_dir(f"{self._folder}/{_UNFINISHED}")

    @contextmanager
    def _new_file(self, name: str) -> Iterator[pa.NativeFile]:
        """A file to write, which gets its name when it is whole; raises OutputError."""
        folder = f"{self._folder}/{_UNFINISHED}"
        file = f"{folder}/{uuid4().hex}"
        try:
            self._system.create_dir(folder)
            with self._system.open_output_stream(file) as stream:
                yield stream
            self._settle(file, name)
        except OSError as error:
            with suppress(OSError):  # a full disk needs the room
                self._system.delete_file(file)
            raise OutputError(f"{self._folder}/{name}: cannot be written ({error}).") from None

    def _settle(self, file: str, name: str) -> None:
        """Give a file that has been written its name."""
        if isinstance(self._system, LocalFileSystem):
            with Path(file).open("rb") as written:
                os.fsync(written.fileno())  # else a power cut could leave the name without the content
        target = f"{self._folder}/{name}"
        self._system.create_dir(target.rpartition("/")[0])
        self._system.move(file, target)
