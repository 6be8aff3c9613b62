"""Reads files of the Reuters-21578 archive, in bounded time and memory, whatever the archive contains."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Final, Self

MAX_UNPACKED_BYTES: Final = 64 * 1024 * 1024
"""Limit of the unpacked archive. The real one has 28 MB; a gzipped file can unpack to a thousand times its size."""


class _Header(tarfile.TarInfo):
    """A header of a tar; one with a negative size is refused, which older releases of Python would read forever."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise ArchiveError("a file has a negative size")
        return header


class ArchiveError(Exception):
    """The archive cannot be read; the message is the reason, without its path."""


def read_files(archive: Path, names: Collection[str]) -> dict[str, bytes]:
    """The content of the files with these names, in any folder of a gzipped tar; without those that it lacks.

    Raises:
        FileNotFoundError: there is no archive.
        ArchiveError: it cannot be read, is truncated, unpacks to more than MAX_UNPACKED_BYTES, or has two files of
            one name, of which readers may choose different ones.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(archive)), mode="r:", tarinfo=_Header) as tar:
            for member in tar:
                if member.size < 0:  # an extended header can replace the size
                    raise ArchiveError("a file has a negative size")
                name = Path(member.name).name
                if name not in names or not member.isreg():
                    continue
                if name in files:
                    raise ArchiveError(f"it has {name} twice")
                if member.issparse():  # a few bytes can stand for any number of zeros
                    raise ArchiveError(f"{name} is a sparse file")
                stream = tar.extractfile(member)
                files[name] = b"" if stream is None else stream.read()
    except FileNotFoundError:
        raise
    # The last three: what tarfile raises for damaged headers, besides its own.
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise ArchiveError(str(error)) from error
    return files


def _unpacked(archive: Path) -> bytes:
    with gzip.open(archive) as file:
        content = file.read(MAX_UNPACKED_BYTES + 1)
    if len(content) > MAX_UNPACKED_BYTES:
        raise ArchiveError(f"it unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
    return content
