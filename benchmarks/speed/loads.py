"""The loads of the HTTP benchmarks: numbers of clients, and files of request bodies."""

import json
from dataclasses import dataclass
from pathlib import Path

from app.classifier import load_bundle
from app.settings import load_settings
from benchmarks.speed.apis import OWN, Api
from benchmarks.texts import MadeTexts

BATCH = 100
_HEADLINES = 2_000


@dataclass(frozen=True, slots=True)
class Load:
    """A number of clients that each send a number of headlines per request."""

    name: str
    clients: int
    headlines: int = 1


LOADS = (
    Load("1 client", 1),
    Load("16 clients", 16),
    Load("64 clients", 64),
    Load(f"batches of {BATCH}, 16 clients", 16, BATCH),
)


def headlines() -> list[str]:
    """Made headlines of the model's words, the same everywhere."""
    return MadeTexts(load_bundle(load_settings().model[0])).headlines(_HEADLINES)


def write_bodies(folder: Path, api: Api = OWN) -> dict[int, Path]:
    """Write files of an API's request bodies, one body per line, by headlines per request."""
    every = headlines()
    folder.mkdir(parents=True, exist_ok=True)
    files = {1: folder / "singles", BATCH: folder / "batches"}
    for size, file in files.items():
        batches = [every[start : start + size] for start in range(0, _HEADLINES, size)]
        file.write_text("".join(json.dumps(api.body(batch)) + "\n" for batch in batches))
    return files
