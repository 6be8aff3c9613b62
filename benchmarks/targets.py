"""The services that are measured against each other."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.settings import load_settings
from benchmarks.process import Process


@dataclass(frozen=True, slots=True)
class Target:
    """One of them; `peer` is its module in `benchmarks.peers`, and None is the service itself."""

    name: str
    peer: str | None = None
    least_seconds: float = 0.0
    """Runs are at least this long, so that every client of a slow one gets some answers."""

    def process(self, folder: Path, cores: Collection[int], **settings: object) -> Process:
        """It as a process that writes into a folder; the service as it ships: metrics, IDs, a log line a request."""
        arguments = ["-m", "app", "serve"]
        if self.peer:
            quiet = ("--no-access-log", "--log-level", "warning")
            arguments = ["-m", "uvicorn", f"benchmarks.peers.{self.peer}:app", *quiet]
        # Not draining changes nothing before the end; the model is the one that the caller's environment names.
        chosen = {"model": load_settings().model.resolve(), "drain_seconds": 0} | settings
        return Process(arguments, chosen, cores, folder / f"{self.peer or 'service'}.log")


SERVICE = Target("this service")
EMPTY = Target("empty FastAPI route", "empty")
EMPTY_READY = Target("the same, answer ready-made", "empty_ready")
TF_FUNCTION = Target("tf.function", "tf_function")
TUTORIAL = Target("tutorial: model.predict", "tutorial", least_seconds=10.0)
TARGETS = (SERVICE, EMPTY, EMPTY_READY, TF_FUNCTION, TUTORIAL)
