"""Loading a bundle: everything is checked before anything is trusted."""

import hashlib
import json
from dataclasses import dataclass
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
    contents = {name: _read(path, name, entry) for name, entry in manifest.files.items()}
    if [topic.label for topic in manifest.topics] != list(range(len(manifest.topics))):
        raise BundleError(f"{path / MANIFEST}: topics are not in label order 0 to {len(manifest.topics) - 1}.")
    golden = _validate(path, GOLDEN, TypeAdapter(tuple[Golden, ...]), contents[GOLDEN])
    if not golden or any(len(one.probabilities) != len(manifest.topics) for one in golden):
        raise BundleError(f"{path / GOLDEN}: needs headlines with {len(manifest.topics)} probabilities each.")
    return Bundle(
        path=path,
        manifest=manifest,
        digest=hashlib.sha256(raw).hexdigest(),
        word_index=_validate(path, WORD_INDEX, TypeAdapter(dict[str, int]), contents[WORD_INDEX]),
        golden=golden,
    )


def _read(folder: Path, name: str, entry: FileEntry | None = None) -> bytes:
    """The bytes of one file of the bundle, held against its entry in the manifest."""
    file = folder / name
    try:
        inside = file.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
        if not inside or not file.is_file():
            raise BundleError(f"{file}: is not a regular file inside the bundle; copy the bundle again.")
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{file}: {size:,} bytes is more than a bundle's file may have ({MAX_FILE_BYTES:,}).")
        if entry is not None and size != entry.size:
            raise BundleError(f"{file}: has {size:,} bytes where the manifest says {entry.size:,}; copy it again.")
        content = file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file}: cannot be read ({error.strerror or error}); copy the bundle again.") from error
    if entry is not None and hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleError(f"{file}: its SHA-256 is not the one in the manifest; copy the bundle again.")
    return content


def _validate(folder: Path, name: str, schema: TypeAdapter[T], content: bytes) -> T:
    try:
        return schema.validate_python(json.loads(content))
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise BundleError(f"{folder / name}: {place}: {first['msg'].lower()}; train the bundle again.") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{folder / name}: is not valid JSON ({error}); copy the bundle again.") from error
