"""The files of an input: where they are, what they hold, and whether they have changed since."""

import re
from pathlib import Path
from typing import Literal

from pyarrow.fs import FileSelector, FileSystem, FileType
from pydantic import BaseModel

from app.cli.exit_status import InputError, NoAnswerError
from app.cli.readers.rows import Form as TextForm
from app.cli.readers.rows import form_of

Form = TextForm | Literal["parquet"]

_TEXT = ("csv", "tsv", "json", "jsonl", "ndjson", "txt")
_ENDINGS = {"parquet", *_TEXT, *(f"{name}.gz" for name in _TEXT)}


class File(BaseModel, frozen=True):
    """One file of the input, as it was when it was planned."""

    name: str
    """Relative to the input; the last part of the path if that is one file."""
    path: str
    """In the file system."""
    form: Form
    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since 1970."""


def place(address: str) -> tuple[FileSystem, str]:
    """File system and path of a local path or of a URI that pyarrow knows (s3://, gs://, hdfs://).

    Raises:
        NoAnswerError: there is no such file system.
    """
    try:
        system, path = FileSystem.from_uri(absolute(address))
    except (ValueError, OSError) as error:
        raise NoAnswerError(f"{address}: cannot be reached ({error}).") from None
    return system, path


def absolute(address: str) -> str:
    """The same place for processes that run in other folders."""
    return address if "://" in address else str(Path(address).absolute())


def find_files(address: str, column: str | None, field: str | None) -> list[File]:
    """The input's files by name; a folder is read with all folders in it, but for names that begin with _ or a dot.

    Raises:
        InputError: there is no file, or one of a kind that cannot be read.
        NoAnswerError: as `place` does.
    """
    system, path = place(address)
    try:
        [found] = system.get_file_info([path])
        if found.type == FileType.NotFound:
            raise InputError(f"{address}: there is no such file or folder.")
        inside = [] if found.type == FileType.File else system.get_file_info(FileSelector(path, recursive=True))
    except OSError as error:
        raise InputError(f"{address}: cannot be read ({error}).") from None
    if found.type == FileType.File:
        several = [(found.base_name, found)]
    else:
        several = [(one.path.removeprefix(path).lstrip("/"), one) for one in inside if one.type == FileType.File]
        several = [(name, one) for name, one in several if not any(part[0] in "_." for part in name.split("/"))]
    if not several:
        raise InputError(f"{address}: holds no file.")
    named = column is not None or field is not None
    files = []
    for name, one in sorted(several):
        ending = re.split(r"\.(?=[^.]*(?:\.gz)?$)", name.lower(), maxsplit=1)[-1]
        if ending not in _ENDINGS and not (named and found.type == FileType.File):
            known = ", ".join(f".{known}" for known in sorted(("parquet", *_TEXT)))
            raise InputError(
                f"{one.path}: cannot be read, its name ends with none of {known} (all but .parquet also with .gz);"
                " unpack or rename it."
            )
        form: Form = "parquet" if ending == "parquet" else form_of(name, column, field)
        files.append(File(name=name, path=one.path, form=form, size=one.size, modified=one.mtime_ns))
    return files
