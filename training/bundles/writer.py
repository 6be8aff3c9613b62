"""Writes a bundle: whole and proven, or not at all."""

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.classifier import Encoder, TopicClassifier, load_classifier
from app.classifier.bundle import GOLDEN, MANIFEST, MODEL, WORD_INDEX, Golden
from app.classifier.classifier import softmax
from app.classifier.manifest import DenseLayer, FileEntry, Manifest
from app.classifier.network import read_network
from training.bundles.weight_offsets import align, dense_layers
from training.errors import OutputError

GOLDEN_HEADLINES: Final = (
    "Oil prices rise as OPEC agrees to cut crude output",
    "USDA raises estimate of winter wheat harvest",
    "Company reports higher quarterly profit and raises dividend",
    "Bidder launches takeover offer for all outstanding shares",
    "Fed seen adding reserves as dollar falls against yen",
    "Japan's trade surplus widens; U.S. threatens tariffs",
    "gold",
    "qwertyuiop zxcvbnm",
    (
        "The International Coffee Organization said on Tuesday that talks on the introduction of export quotas had"
        " ended without agreement, and traders in London said they expected prices to fall further. Brazil, the"
        " largest producer, had refused to accept a smaller share of the market, delegates said. The dollar closed"
        " at 153.40 yen in New York, and the Bank of Japan was reported to have intervened. Analysts said the net"
        " loss of 1.2 mln dlrs in the first quarter, or 12 cts a share, against a profit of 800,000 dlrs, or eight"
        " cts a share, a year ago, reflected higher interest rates, a strike of dock workers, and lower sales of"
        " copper, zinc and steel."
    ),
)
"""Varied on purpose: sharp ones, a mixed one, one word, no known word, and one as long as a wire."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A bundle before it is written."""

    manifest: Manifest
    """Without files: those are listed when they are there."""
    save_model: Callable[[Path], None]
    word_index: Mapping[str, int]
    extras: Mapping[str, bytes] = field(default_factory=dict)
    """Further files by name, the model card among them."""


def check_target(target: Path, force: bool) -> None:
    """Find out before hours of training whether a bundle can be written.

    Raises:
        OutputError: it exists already and may not be replaced, or the folder cannot be written.
    """
    if target.exists() and not force:
        raise OutputError(f"{target}: exists already; choose another --output, or --force to replace it.")
    with staging(target):
        pass


def write_bundle(target: Path, draft: Draft, force: bool = False) -> TopicClassifier:
    """Write a bundle beside its place, load it as the service would, and only then rename it into place.

    Returns:
        The classifier that was loaded.

    Raises:
        OutputError: it exists already and may not be replaced, or cannot be written; nothing is left behind.
        BundleError: what was written does not add up; nothing is left behind.
    """
    check_target(target, force)
    with staging(target) as folder:
        draft.save_model(folder / MODEL)
        align(folder / MODEL)
        network = dense_layers(folder / MODEL)
        if network is None:
            raise OutputError(f"{target}: the network is not a stack of dense layers, which is what a bundle holds.")
        words = dict(sorted(draft.word_index.items(), key=lambda item: item[1]))
        (folder / WORD_INDEX).write_text(json.dumps(words, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        for name, content in draft.extras.items():
            (folder / name).write_bytes(content)
        (folder / GOLDEN).write_text(json.dumps(_golden(folder, draft, network), indent=1), encoding="utf-8")
        files = {file.name: _entry(file) for file in sorted(folder.iterdir())}
        manifest = draft.manifest.model_copy(update={"files": files, "network": network})
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        load_classifier(folder)
        _rename(folder, target)
    return load_classifier(target)


def _golden(folder: Path, draft: Draft, network: tuple[DenseLayer, ...]) -> list[dict[str, object]]:
    """The golden headlines and what the service's own network answers to them."""
    encoder = Encoder(draft.manifest.encoding, draft.word_index)
    encoded = [encoder.encode(headline) for headline in GOLDEN_HEADLINES]
    logits = read_network((folder / MODEL).read_bytes(), network, folder / MODEL).logits([one.ids for one in encoded])
    probabilities = softmax(logits, draft.manifest.calibration).tolist()
    return [
        Golden(headline=headline, probabilities=row).model_dump()
        for headline, row in zip(GOLDEN_HEADLINES, probabilities, strict=True)
    ]


def _entry(file: Path) -> FileEntry:
    content = file.read_bytes()
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, on its file system; gone afterwards, whatever happens, unless renamed.

    Raises:
        OutputError: the folder, or something in it, cannot be written.
    """
    # Not tempfile's: that one is for its owner alone, and the server may well be another user.
    folder = target.parent / f".{target.name}-{uuid.uuid4().hex[:12]}"
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise OutputError(
            f"{target}: cannot be written ({error.strerror or error}); choose another --output."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rename(folder: Path, target: Path) -> None:
    """Put the finished folder into its place; one that is to be replaced comes back if that fails."""
    if not target.exists():
        folder.replace(target)
        return
    old = folder.with_suffix(".old")
    target.replace(old)
    try:
        folder.replace(target)
    except BaseException:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
