"""The files that a fit reads, as the bundle names them: short names and SHA-256."""

from collections.abc import Sequence
from pathlib import Path

from training.errors import TableError
from training.evaluation.training_files import digest, unpacked_digest
from training.labelled.read import shown_name
from training.labelled.reporting.short_names import short_names


def ensure_regular(files: Sequence[Path]) -> None:
    """Raise TableError if a file can be read only once, such as a named pipe: `fit` reads each twice."""
    for path in files:
        if path.exists() and not path.is_file():
            raise TableError(f"{shown_name(path)}: is not a regular file; save its content as a file first.")


def file_digests(files: Sequence[Path]) -> dict[str, str]:
    """Short name of each file -> its SHA-256."""
    return dict(zip(short_names(files), map(digest, files), strict=True))


def unpacked_digests(files: Sequence[Path]) -> dict[str, str]:
    """Short name of each file that is compressed with gzip -> the SHA-256 of its content."""
    digests = zip(short_names(files), map(unpacked_digest, files), strict=True)
    return {name: unpacked for name, unpacked in digests if unpacked is not None}
