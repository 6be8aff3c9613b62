"""Loading a bundle: everything is checked before anything is trusted."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.classifier.errors import BundleError
from app.classifier.manifest import FileEntry, Manifest

MODEL = "model.keras"
WORD_INDEX = "word_index.json"
GOLDEN = "golden.json"
CARD = "README.md"
MANIFEST = "manifest.json"

MAX_FILE_BYTES = 64 * 1024 * 1024
"""No file of a bundle needs more; a larger one is refused before a byte of it is read."""


T = TypeVar("T")


class Golden(BaseModel):
    """A headline and what the model must answer to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    headline: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: its files are the ones its manifest names, byte for byte."""

    path: Path
    manifest: Manifest
    digest: str
    """SHA-256 of `manifest.json`, which holds those of all other files: it identifies the bundle."""
    word_index: dict[str, int]
    golden: tuple[Golden, ...]

    @property
    def model_path(self) -> Path:
        """The model as Keras saved it."""
        return self.path / MODEL


def load_bundle(path: Path) -> Bundle:
    """Read and verify the bundle in a folder.

    Raises:
        BundleError: a file is missing, is not the one the manifest names, or says something that cannot be.
    """
    path = Path(path)
    if not path.is_dir():
        raise BundleError(f"{path}: no such bundle folder; set TOPICS_MODEL to one that holds a {MANIFEST}.")
    raw = _read(path, MANIFEST)
    manifest = _validate(path, MANIFEST, TypeAdapter(Manifest), raw)
    for required in (MODEL, WORD_INDEX, GOLDEN):
        if required not in manifest.files:
            raise BundleError(f"{path / MANIFEST}: does not list {required}; train the bundle again.")
    for name, entry in manifest.files.items():
        _verify(path, name, entry)
    if [topic.label for topic in manifest.topics] != list(range(len(manifest.topics))):
        raise BundleError(f"{path / MANIFEST}: topics are not in label order 0 to {len(manifest.topics) - 1}.")
    golden = _validate(path, GOLDEN, TypeAdapter(tuple[Golden, ...]), _read(path, GOLDEN))
    if not golden or any(len(one.probabilities) != len(manifest.topics) for one in golden):
        raise BundleError(f"{path / GOLDEN}: needs headlines with {len(manifest.topics)} probabilities each.")
    return Bundle(
        path=path,
        manifest=manifest,
        digest=hashlib.sha256(raw).hexdigest(),
        word_index=_validate(path, WORD_INDEX, TypeAdapter(dict[str, int]), _read(path, WORD_INDEX)),
        golden=golden,
    )


def _verify(folder: Path, name: str, entry: FileEntry) -> None:
    """Hold a file against its entry in the manifest."""
    with _opened(folder, name) as file:
        size = os.fstat(file.fileno()).st_size
        if size != entry.size:
            raise BundleError(
                f"{folder / name}: has {size:,} bytes where the manifest says {entry.size:,}; copy it again."
            )
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != entry.sha256:
        raise BundleError(f"{folder / name}: its SHA-256 is not the one in the manifest; copy the bundle again.")


def _read(folder: Path, name: str) -> bytes:
    with _opened(folder, name) as file:
        return file.read()


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[BufferedReader]:
    """A file of the bundle, if it lies inside it and is not larger than any of its files needs to be."""
    path = folder / name
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
        if not inside or not path.is_file():
            raise BundleError(f"{path}: is not a regular file inside the bundle; copy the bundle again.")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{path}: {size:,} bytes is more than a bundle's file may have ({MAX_FILE_BYTES:,}).")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error}); copy the bundle again.") from error


def _validate(folder: Path, name: str, schema: TypeAdapter[T], content: bytes) -> T:
    try:
        return schema.validate_python(json.loads(content))
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise BundleError(f"{folder / name}: {place}: {first['msg'].lower()}; train the bundle again.") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{folder / name}: is not valid JSON ({error}); copy the bundle again.") from error
