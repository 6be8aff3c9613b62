"""Error messages for a path that is not a bundle, with the names of the bundles near it."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from app.near_names import near_names

MANIFEST = "manifest.json"
MAX_NAMED = 10
"""Maximum number of bundles that an error names."""
MAX_ENTRIES = 1000
"""Maximum number of entries of a folder that are searched for bundles."""


def missing_bundle(path: Path) -> str | None:
    """What is wrong with the path of a bundle, as a sentence without its full stop; None if it has a manifest."""
    try:
        return _missing(path)
    except (OSError, ValueError) as error:  # a name that is too long, or a folder that may not be read
        return f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})"


def _missing(path: Path) -> str | None:
    if os.path.lexists(path / MANIFEST):  # load_bundle says what is wrong with an existing one
        return None
    if path.is_dir():
        inside = bundles_in(path)
        if inside:
            return f"{path}: is not a bundle but has bundles in it; choose {_listed(inside)}"
        return f"{path}: no such bundle: the folder has no {MANIFEST}; name one that does"
    if path.is_file():
        advice = f"its folder, {path.parent}" if path.name == MANIFEST else "the folder of a bundle"
        return f"{path}: is a file; name {advice}"
    if path.is_symlink():
        return f"{path}: no such bundle folder: the symbolic link points to {path.readlink()}, which does not exist"
    return f"{path}: no such bundle folder; {_advice(path)}"


def _advice(path: Path) -> str:
    """What to name instead of a folder that does not exist: bundles with a similar name first, then the others."""
    beside = path.parent.is_dir()
    folder = path.parent if beside else path.parent.parent
    bundles = _inside(folder)
    if folder == Path() or not (bundles or path.is_absolute()):
        bundles += [bundle for bundle in _inside(Path("models")) if bundle not in bundles]
    if not bundles:
        return f"name one that holds a {MANIFEST}"
    wanted = path.name if beside else path.parent.name
    near = set(near_names(wanted, {part for bundle in bundles for part in bundle.parts[-2:]}))
    first = [bundle for bundle in bundles if near.intersection(bundle.parts[-2:])]
    return f"choose {_listed(first, [bundle for bundle in bundles if bundle not in first])}"


def _inside(folder: Path) -> list[Path]:
    """Bundles in a folder; none if it does not exist or may not be read."""
    try:
        return bundles_in(folder)
    except OSError:
        return []


def bundles_in(folder: Path, depth: int = 2) -> list[Path]:
    """Bundles in a folder, and in its folders if `depth` is 2; numbers in names are sorted as numbers.

    Only the first MAX_ENTRIES entries of a folder count, because it may be any folder of the machine.
    """
    bundles = []
    entries = list(islice(folder.iterdir(), MAX_ENTRIES))
    for entry in sorted(entries, key=_order):
        if entry.name.startswith("."):  # a killed training leaves such a folder
            continue
        with suppress(OSError):  # a folder that may not be read has no bundle to choose
            if (entry / MANIFEST).is_file():
                bundles.append(entry)
            elif depth > 1 and entry.is_dir():
                bundles += bundles_in(entry, depth - 1)
    return bundles


def _order(entry: Path) -> tuple[list[int], str]:
    return [int(part) for part in re.findall(r"\d+", entry.name)[:5]], entry.name


def _listed(first: list[Path], others: Sequence[Path] = ()) -> str:
    """At most MAX_NAMED bundles as part of a sentence: the last ones of `first`, which are the newest, then others."""
    named = list(map(str, [*first[-MAX_NAMED:], *others][:MAX_NAMED]))
    rest = len(first) + len(others) - len(named)
    if rest > 0:
        return ", ".join(named) + (f" or one of {rest} others" if rest > 1 else " or another one")
    return ", ".join(named[:-1]) + (" or " if len(named) > 1 else "") + named[-1]
