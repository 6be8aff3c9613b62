"""Error messages for a path that is not a bundle, with the names of the bundles near it."""

import os
import re
from pathlib import Path

from app.near_names import near_names

MANIFEST = "manifest.json"
MOST_NAMED = 10
"""Maximum number of bundles that an error names."""


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
        inside = versions(path)
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
    """What to name instead of a folder that does not exist: the bundles next to it, or in a similar folder."""
    if path.parent.is_dir():
        if beside := versions(path.parent, depth=1):
            return f"choose {_listed(beside)}"
    elif path.parent.parent.is_dir():
        folders = [one.name for one in path.parent.parent.iterdir() if one.is_dir()]
        for name in near_names(path.parent.name, folders):
            if beside := versions(path.parent.parent / name, depth=1):
                return f"choose {_listed(beside)}"
    return f"name one that holds a {MANIFEST}"


def versions(folder: Path, depth: int = 2) -> list[Path]:
    """Bundles in a folder, and in its folders if `depth` is 2; numbers in names are sorted as numbers."""
    found = []
    for one in sorted(folder.iterdir(), key=lambda one: [int(part) for part in re.findall(r"\d+", one.name)[:5]]):
        if not one.is_dir():
            continue
        if (one / MANIFEST).is_file():
            found.append(one)
        elif depth > 1:
            found += versions(one, depth - 1)
    return found


def _listed(bundles: list[Path]) -> str:
    names = list(map(str, bundles))
    rest = len(names) - MOST_NAMED
    if rest > 0:
        return ", ".join(names[-MOST_NAMED:]) + f" or one of {rest} others"
    return ", ".join(names[:-1]) + (" or " if len(names) > 1 else "") + names[-1]
