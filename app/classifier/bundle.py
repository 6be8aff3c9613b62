"""Loads a bundle: reads each file once, verifies it against the manifest, and uses the verified bytes."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from app import bundle_folders
from app.classifier.errors import BundleError
from app.classifier.manifest import NEWER_FORMAT, ONE_ERROR, FileEntry, Manifest, Part
from app.validation_messages import validation_message

MODEL = "model.keras"
WORD_INDEX = "word_index.json"
GOLDEN = "golden.json"
CARD = "README.md"
MANIFEST = bundle_folders.MANIFEST

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Maximum size of a file in a bundle, in bytes; a larger one is refused before it is read."""

MAX_JSON_SEPARATORS = 2_000_000
"""Maximum number of opening brackets, commas and colons in a JSON file of a bundle: 64 MiB of them would take gigabytes
of memory. The largest files that `fit` writes, with tens of thousands of labels, have less than half of it."""

MAX_GOLDEN = 100
MAX_GOLDEN_CHARACTERS = 20_000
"""Maximum number of golden headlines, and of characters of one: readiness probes classify all of them."""

T = TypeVar("T")


class Golden(Part):
    """A golden headline: a headline with the probabilities that the model must return for it."""

    headline: str = Field(max_length=MAX_GOLDEN_CHARACTERS)
    probabilities: Annotated[tuple[float, ...], ONE_ERROR]
    """One per topic, in label order."""
    outside: float | None = None
    """Probability of the outside class; None if the model has none, or the headline has no known word."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: every file has the size and SHA-256 that its manifest lists."""

    path: Path
    manifest: Manifest
    digest: str
    """SHA-256 of `manifest.json`. It identifies the bundle, since the manifest holds all other files' hashes."""
    word_index: dict[str, int]
    """Word to rank; 1 is the most frequent."""
    golden: tuple[Golden, ...]
    model: bytes = field(repr=False)
    """Content of `model.keras` as verified, kept in memory so that later writes to the file have no effect."""
    card: str | None = field(default=None, repr=False)
    """Model card in Markdown; None if the bundle has none."""

    @property
    def model_path(self) -> Path:
        """The path from which `model` was read."""
        return self.path / MODEL


def load_bundle(path: Path) -> Bundle:
    """Read and verify the bundle in a folder.

    Raises:
        BundleError: a file is missing, differs from the manifest's size or SHA-256, or has invalid content.
    """
    if missing := bundle_folders.missing_bundle(path):
        raise BundleError(f"{missing}.")
    raw = _read(path, MANIFEST)
    manifest = _validate(path, MANIFEST, TypeAdapter(Manifest), _parse(path, MANIFEST, raw))
    for required in (MODEL, WORD_INDEX, GOLDEN):
        if required not in manifest.files:
            raise BundleError(f"{path / MANIFEST}: does not list {required}; train the bundle again.")
    verified = {}
    for name, entry in manifest.files.items():
        content = _verify(path, name, entry)
        if name in {MODEL, WORD_INDEX, GOLDEN, CARD}:
            verified[name] = content
    if [topic.label for topic in manifest.topics] != list(range(len(manifest.topics))):
        raise BundleError(
            f"{path / MANIFEST}: topics are not in label order 0 to {len(manifest.topics) - 1}; train the bundle again."
        )
    code, topics = Counter(topic.code for topic in manifest.topics).most_common(1)[0]
    if topics > 1:
        raise BundleError(f"{path / MANIFEST}: two topics have the same code, {code!r}; train the bundle again.")
    schema = TypeAdapter(Annotated[tuple[Golden, ...], Field(max_length=MAX_GOLDEN), ONE_ERROR])
    golden = _validate(path, GOLDEN, schema, _parse(path, GOLDEN, verified[GOLDEN]))
    if not golden or any(len(headline.probabilities) != len(manifest.topics) for headline in golden):
        raise BundleError(
            f"{path / GOLDEN}: needs headlines with {len(manifest.topics)} probabilities each; train the bundle again."
        )
    if manifest.outside and all(headline.outside is None for headline in golden):
        raise BundleError(
            f"{path / GOLDEN}: needs a headline with the probability of the outside class; train the bundle again."
        )
    return Bundle(
        path=path,
        manifest=manifest,
        digest=hashlib.sha256(raw).hexdigest(),
        word_index=_word_index(path, verified[WORD_INDEX]),
        golden=golden,
        model=verified[MODEL],
        card=_text(path, CARD, verified[CARD]) if CARD in verified else None,
    )


def _verify(folder: Path, name: str, entry: FileEntry) -> bytes:
    """Read a file and compare its size and SHA-256 with the manifest's entry."""
    content = _read(folder, name)
    if len(content) != entry.size:
        raise BundleError(
            f"{folder / name}: has {len(content):,} bytes, but the manifest lists {entry.size:,}; copy it again."
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleError(f"{folder / name}: its SHA-256 is not the one in the manifest; copy the bundle again.")
    return content


def _read(folder: Path, name: str) -> bytes:
    with _opened(folder, name) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise BundleError(
                f"{folder / name}: has {size:,} bytes, more than the maximum of {MAX_FILE_BYTES:,} for one file."
            )
        return file.read(size)  # only as many bytes as were checked: another process may append to the file


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[BufferedReader]:
    """Open a file; raises BundleError unless it is a regular file inside the bundle's folder."""
    path = folder / name
    try:
        # Not Path.resolve, which raises RuntimeError for a loop of symbolic links before Python 3.13.
        inside = Path(os.path.realpath(path, strict=True)).is_relative_to(os.path.realpath(folder, strict=True))
        if not inside or not path.is_file():
            raise BundleError(f"{path}: is not a regular file inside the bundle; copy the bundle again.")
        with open(path, "rb", opener=_open_nonblocking) as file:
            yield file
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error}); copy the bundle again.") from error


def _open_nonblocking(path: str, flags: int) -> int:
    """Opener with O_NONBLOCK: without it, opening a FIFO waits for a writer. Regular files ignore the flag."""
    return os.open(path, flags | os.O_NONBLOCK)


def _text(folder: Path, name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BundleError(f"{folder / name}: is not UTF-8; write it again.") from error


def _word_index(folder: Path, content: bytes) -> dict[str, int]:
    parsed = _parse(folder, WORD_INDEX, content)
    if isinstance(parsed, dict) and set(map(type, parsed.values())) <= {int}:
        return parsed
    # Only to convert values such as "5", or for the error: pydantic copies 100,000 entries, 10 MB, in as much time as
    # parsing them takes.
    return _validate(folder, WORD_INDEX, TypeAdapter(Annotated[dict[str, int], ONE_ERROR]), parsed)


def separators(content: bytes) -> int:
    """Number of opening brackets, commas and colons."""
    return len(content) - len(content.translate(None, b"[{,:"))


def _parse(folder: Path, name: str, content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    if (count := separators(content)) > MAX_JSON_SEPARATORS:
        raise BundleError(
            f"{folder / name}: has {count:,} opening brackets, commas and colons, more than the maximum of"
            f" {MAX_JSON_SEPARATORS:,}; train the bundle again with fewer words or labels."
        )
    try:
        # Unlike `json.loads`, refuses lone surrogates, with which GET /model could not be answered.
        # Without the cache, which keeps 16,384 strings as long as the process lives.
        return from_json(content, cache_strings="none")
    except ValueError as error:
        raise BundleError(f"{folder / name}: is not valid JSON ({error}); copy the bundle again.") from error


def _validate(folder: Path, name: str, schema: TypeAdapter[T], parsed: object) -> T:
    try:
        return schema.validate_python(parsed)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the whole file"
        place = place if place.isprintable() else ascii(place)
        advice = "upgrade the service" if first["type"] == NEWER_FORMAT else "train the bundle again"
        raise BundleError(f"{folder / name}: {place}: {validation_message(first)}; {advice}.") from error
