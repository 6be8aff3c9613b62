"""The files that a fit reads, as the bundle names them: short names and SHA-256."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training.errors import TableError
from training.labelled.read import shown_name


def ensure_regular(files: Sequence[Path]) -> None:
    """Raise TableError if a file can be read only once, such as a named pipe: `fit` reads each twice."""
    for path in files:
        if path.exists() and not path.is_file():
            raise TableError(f"{shown_name(path)}: is not a regular file; save its content as a file first.")


def file_digests(files: Sequence[Path]) -> dict[str, str]:
    """Short name of each file -> its SHA-256."""
    return {name: _sha256(path) for name, path in zip(short_names(files), files, strict=True)}


def short_names(files: Sequence[Path]) -> list[str]:
    """Names of files, with as many of their folders as tell them apart: a bundle need not say where they were."""
    paths = [file.resolve() for file in files]
    depths = range(1, 1 + max(len(path.parts) for path in paths))
    names = [[shown_name(Path(*path.parts[-depth:])) for path in paths] for depth in depths]
    return next((file_names for file_names in names if len(set(file_names)) == len(files)), names[-1])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
