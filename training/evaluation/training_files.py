"""Finds out if a bundle of `fit` was trained on test rows: by the SHA-256 of files, or its golden headlines."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from app.classifier import TopicClassifier
from app.classifier.manifest import Manifest
from app.cli.readers.decoding import encoding_of, gunzipped, read_pieces
from training.labelled.read import shown_name
from training.labelled.rows import LabelledRow

_FEWEST_WORDS: Final = 3
"""Minimum number of words of a golden headline that is looked for: shorter texts may occur again in new rows."""
_FEWEST_FOUND: Final = 2
"""Minimum number of them that are found, for the same reason."""


def training_file_warning(manifest: Manifest, files: Sequence[Path]) -> str | None:
    """A sentence about those of the files that the bundle was trained on, or None.

    Files compressed with gzip are compared by their content, too.

    Args:
        manifest: of the bundle.
        files: that have been read without an error; those that can be read only once are not looked at.
    """
    trained = _training_digests(manifest)
    seen = [path for path in files if trained and path.is_file() and not trained.isdisjoint(_digests(path))]
    if not seen:
        return None
    these = "this file" if len(seen) == 1 else "these files"
    return (
        f"{', '.join(map(shown_name, seen))}: {manifest.full_name} was trained on rows of {these} (same"
        " SHA-256), so the figures are better than on new texts; use rows that were not used in training, or the test"
        " figures in its model card."
    )


def training_rows_warning(classifier: TopicClassifier, rows: Sequence[LabelledRow]) -> str | None:
    """A sentence if the rows contain golden headlines, which are the only training rows that a bundle holds; or None.

    It finds a copy, a part or an extension of a training file, unless it is a small part.
    """
    manifest = classifier.bundle.manifest
    if manifest.recipe.get("name") != "fit":
        return None
    texts = {golden.headline for golden in classifier.bundle.golden}
    golden = {text for text in texts if len(classifier.encoder.tokenize(text)) >= _FEWEST_WORDS}
    found = golden & {" ".join(row.text.split()) for row in rows}
    if len(found) < _FEWEST_FOUND:
        return None
    return (
        f"{manifest.full_name} was trained on {len(found)} of these rows and probably on others: they are among its"
        f" {len(golden)} golden headlines of {_FEWEST_WORDS} or more words. So the figures are probably better than on"
        " new texts; use rows that were not used in training, or the test figures in its model card."
    )


def _training_digests(manifest: Manifest) -> set[str]:
    data = manifest.data
    if manifest.recipe.get("name") != "fit" or "sha256" not in data:  # a manifest may leave out where its rows are from
        return set()
    names = list(data["sha256"])
    # Older bundles do not say how many of the files, the last, had test rows: only the first had none for certain.
    names = names[: len(names) - data.get("test_files", len(names) - 1)]
    unpacked = data.get("unpacked_sha256", {})
    return {data["sha256"][name] for name in names} | {unpacked[name] for name in names if name in unpacked}


def _digests(path: Path) -> Iterator[str]:
    yield digest(path)
    unpacked = unpacked_digest(path)
    if unpacked is not None:
        yield unpacked


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpacked_digest(path: Path) -> str | None:
    """SHA-256 of the content of a file that is compressed with gzip; None if it is not.

    Raises:
        InputError: the gzip data are damaged.
    """
    with path.open("rb") as file:
        if encoding_of(file.peek(2)) != "gzip":
            return None
        content = hashlib.sha256()
        for piece in gunzipped(read_pieces(file, path.name), path.name):
            content.update(piece)
        return content.hexdigest()
