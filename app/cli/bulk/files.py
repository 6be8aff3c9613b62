"""Input files of a bulk job: path, format, size and modification time, on local or remote file systems."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pyarrow.fs import FileSelector, FileSystem, FileType
from pydantic import BaseModel

from app.cli.exit_status import InputError, UnavailableError
from app.cli.readers.input_format import ENDINGS, input_format
from app.cli.readers.input_format import InputFormat as TextFormat

InputFormat = TextFormat | Literal["parquet"]

_TEXT = (*ENDINGS, "txt")
_ENDINGS = {"parquet", *_TEXT, *(f"{name}.gz" for name in _TEXT)}


class File(BaseModel, frozen=True):
    """One input file, as it was when the job was planned."""

    name: str
    """Path relative to the input folder; the file's own name if the input is one file."""
    path: str
    """Path within its file system."""
    form: InputFormat
    size: int
    """Bytes."""
    modified: int
    """Modification time, in nanoseconds since 1970."""


def resolve(address: str) -> tuple[FileSystem, str]:
    """File system and path of a local path or of a URI that pyarrow supports (s3://, gs://, hdfs://).

    Raises:
        UnavailableError: pyarrow does not know the scheme, or cannot reach the file system.
    """
    try:
        system, path = FileSystem.from_uri(absolute(address))
    except (ValueError, OSError) as error:
        raise UnavailableError(f"{address}: cannot be reached ({error}).") from None
    return system, path


def absolute(address: str) -> str:
    """A local path as an absolute path, so that it holds in processes with another working directory."""
    return address if "://" in address else str(Path(address).absolute())


def find_files(address: str, columns: Sequence[str], fields: Sequence[str]) -> list[File]:
    """The input files, sorted by name; folders are searched recursively, without names that begin with _ or a dot.

    Raises:
        InputError: there is no file, or one of an unsupported format.
        UnavailableError: the file system cannot be reached.
    """
    system, path = resolve(address)
    try:
        [root] = system.get_file_info([path])
        if root.type == FileType.NotFound:
            raise InputError(f"{address}: there is no such file or folder; correct the path.")
        inside = [] if root.type == FileType.File else system.get_file_info(FileSelector(path, recursive=True))
    except OSError as error:
        raise InputError(f"{address}: cannot be read ({error}).") from None
    if root.type == FileType.File:
        named = [(root.base_name, root)]
    else:
        named = [(file.path.removeprefix(path).lstrip("/"), file) for file in inside if file.type == FileType.File]
        named = [(name, file) for name, file in named if not any(part[0] in "_." for part in name.split("/"))]
    if not named:
        raise InputError(
            f"{address}: holds no file to read (names that begin with _ or a dot are skipped); name another folder."
        )
    format_given = bool(columns or fields)
    files = []
    for name, file in sorted(named):
        ending = re.split(r"\.(?=[^.]*(?:\.gz)?$)", name.lower(), maxsplit=1)[-1]
        if ending not in _ENDINGS and not (format_given and root.type == FileType.File):
            known = ", ".join(f".{known}" for known in sorted(("parquet", *_TEXT)))
            raise InputError(
                f"{file.path}: cannot be read, its name ends with none of {known} (all but .parquet also with .gz);"
                " unpack or rename it."
            )
        form: InputFormat = "parquet" if ending == "parquet" else input_format(name, columns, fields)
        files.append(File(name=name, path=file.path, form=form, size=file.size, modified=file.mtime_ns))
    return files
