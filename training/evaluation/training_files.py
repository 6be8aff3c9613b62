"""Finds test files that a bundle of `fit` was trained on, by the SHA-256 in its manifest."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.classifier.manifest import Manifest
from app.cli.readers.decoding import encoding_of, gunzipped, read_pieces
from training.labelled.read import shown_name


def training_file_warning(manifest: Manifest, files: Sequence[Path]) -> str | None:
    """A sentence about those of the files that the bundle was trained on, or None.

    A file compressed with gzip is also recognized if the bundle was trained on its content.

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
        f"{', '.join(map(shown_name, seen))}: {manifest.name}/{manifest.version} was trained on rows of {these} (same"
        " SHA-256), so the figures are better than on new texts; use rows that were not used in training, or the test"
        " figures in its model card."
    )


def _training_digests(manifest: Manifest) -> set[str]:
    if manifest.recipe.get("name") != "fit":
        return set()
    digests = list(manifest.data["sha256"].values())
    # Older bundles do not say how many of the files, the last, had test rows: only the first had none for certain.
    return set(digests[: len(digests) - manifest.data.get("test_files", len(digests) - 1)])


def _digests(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if encoding_of(file.peek(2)) == "gzip":
            content = hashlib.sha256()
            for piece in gunzipped(read_pieces(file, path.name), path.name):
                content.update(piece)
            yield content.hexdigest()
