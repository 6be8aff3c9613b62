"""Writes a bundle: complete and loaded once for verification, or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.classifier import Encoder, TopicClassifier, load_classifier
from app.classifier.bundle import CARD, GOLDEN, MANIFEST, MODEL, WORD_INDEX, Golden
from app.classifier.calibration import Calibrator, oov_shares
from app.classifier.manifest import ADDED, DenseLayer, FileEntry, Manifest
from app.classifier.networks.weights import read_network
from training.bundles.weight_offsets import align, dense_layers
from training.errors import OutputError
from training.output import ensure_temporary_folder, move_into_place, staging


@dataclass(frozen=True, slots=True)
class Draft:
    """A bundle before it is written."""

    manifest: Manifest
    """Its `files` and `network` are filled in when the files have been written."""
    save_model: Callable[[Path], None]
    """Writes `model.keras` to a path."""
    word_index: Mapping[str, int]
    """Word -> rank, from 1."""
    golden: Sequence[str]
    """Texts whose answers are stored with the model, to verify it wherever it is loaded."""
    extras: Mapping[str, bytes] = field(default_factory=dict)
    """Further files by name, such as the model card."""


def ensure_bundle_writable(target: Path, force: bool) -> None:
    """Check before training that a bundle can be written.

    Raises:
        OutputError: the bundle exists and `force` is false, is no folder, is inside another one, or cannot be written;
            or no temporary file can be written.
    """
    for folder in target.absolute().parents:
        if all((folder / file).exists() for file in (MANIFEST, MODEL)):
            raise OutputError(f"{target}: is inside the bundle {folder}; choose an --output beside that folder.")
    if target.is_symlink():
        raise OutputError(f"{target}: is a symbolic link; give the folder that it names, or choose another --output.")
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target}: is a file and no folder; choose another --output.")
    if target.exists() and not force:
        raise OutputError(f"{target}: exists already; choose another --output, or --force to replace it.")
    ensure_temporary_folder()
    with staging(target):
        pass


def write_bundle(target: Path, draft: Draft, force: bool = False) -> TopicClassifier:
    """Write a bundle beside `target`, load it as the service would, and then rename it to `target`.

    Returns:
        The classifier that was loaded.

    Raises:
        OutputError: it exists and `force` is false, or cannot be written; nothing is left behind.
        BundleError: what was written cannot be loaded; nothing is left behind.
    """
    ensure_bundle_writable(target, force)
    with staging(target) as folder:
        draft.save_model(folder / MODEL)
        align(folder / MODEL)
        network = dense_layers(folder / MODEL)
        if network is None:
            raise OutputError(f"{target}: a bundle can only hold a stack of dense layers; choose another recipe.")
        words = dict(sorted(draft.word_index.items(), key=lambda item: item[1]))
        (folder / WORD_INDEX).write_text(json.dumps(words, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        for name, content in draft.extras.items():
            (folder / name).write_bytes(content)
        (folder / GOLDEN).write_text(json.dumps(_golden(folder, draft, network), indent=1), encoding="utf-8")
        files = {file.name: _entry(file) for file in sorted(folder.iterdir())}
        manifest = draft.manifest.model_copy(
            update={"files": files, "network": network, "format": draft.manifest.min_format}
        )
        (folder / MANIFEST).write_text(_json(manifest), encoding="utf-8")
        load_classifier(folder)
        move_into_place(folder, target, force)
    return load_classifier(target)


def replace_card(target: Path, card: str) -> TopicClassifier:
    """Replace a bundle's model card, and its entry in the manifest, which changes the bundle's digest.

    Returns:
        The classifier loaded from the bundle.

    Raises:
        OutputError: the bundle cannot be written; it stays as it was.
        BundleError: the bundle cannot be loaded.
    """
    target = Path(os.path.realpath(target))  # of a symbolic link, the folder that it names
    load_classifier(target)
    with staging(target) as folder:
        shutil.copytree(target, folder, dirs_exist_ok=True)
        (folder / CARD).write_text(card, encoding="utf-8")
        # Edited as JSON: a manifest of an older release keeps all else as it was written.
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest["files"][CARD] = _entry(folder / CARD).model_dump()
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
        load_classifier(folder)
        move_into_place(folder, target, force=True)
    return load_classifier(target)


def _json(manifest: Manifest) -> str:
    """The manifest's JSON, without the fields of newer formats, which an older service would refuse."""
    exclude: dict[str, Any] = {}
    for added in [added for number, fields in ADDED.items() if number > manifest.format for added in fields]:
        part, _, name = added.rpartition(".")
        if part:
            exclude.setdefault(part, set()).add(name)
        else:
            exclude[name] = True
    return manifest.model_dump_json(indent=1, exclude=exclude)


def _golden(folder: Path, draft: Draft, network: tuple[DenseLayer, ...]) -> list[dict[str, object]]:
    """The golden headlines with the probabilities that the service computes for them."""
    encoder = Encoder(draft.manifest.encoding, draft.word_index)
    encoded = [encoder.encode(headline) for headline in draft.golden]
    model = (folder / MODEL).read_bytes()
    units = read_network(model, network, folder / MODEL, draft.manifest.output).logits([text.ids for text in encoded])
    probabilities, outside_probabilities = Calibrator(draft.manifest).topics_and_outside(units, oov_shares(encoded))
    outside: Sequence[float | None] = outside_probabilities or [None] * len(encoded)
    return [
        Golden(headline=headline, probabilities=row, outside=out if text.readable else None).model_dump(
            exclude_none=True
        )
        for headline, row, text, out in zip(draft.golden, probabilities.tolist(), encoded, outside, strict=True)
    ]


def _entry(file: Path) -> FileEntry:
    content = file.read_bytes()
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
