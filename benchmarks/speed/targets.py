"""The services that are compared."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.settings import load_settings
from benchmarks.process import Process


@dataclass(frozen=True, slots=True)
class Target:
    """A service to measure; `peer` is its module in `benchmarks.speed.peers`, None is this project's service."""

    name: str
    peer: str | None = None
    least_seconds: float = 0.0
    """Least length of a run, so that every client of a slow service gets some answers."""

    def process(self, folder: Path, cores: Collection[int], **settings: object) -> Process:
        """The service as a process with its log in `folder`; with metrics, request IDs and access log, as shipped."""
        arguments = ["-m", "app", "serve"]
        if self.peer:
            quiet = ("--no-access-log", "--log-level", "warning")
            arguments = ["-m", "uvicorn", f"benchmarks.speed.peers.{self.peer}:app", *quiet]
        # Without draining only the end is faster; the model is that of the caller's environment.
        chosen = {"model": load_settings().model[0].resolve(), "drain_seconds": 0} | settings
        return Process(arguments, chosen, cores, folder / f"{self.peer or 'service'}.log")


SERVICE = Target("this service")
EMPTY = Target("empty FastAPI route", "empty")
EMPTY_READY = Target("the same, answer ready-made", "empty_ready")
TF_FUNCTION = Target("tf.function", "tf_function")
TUTORIAL = Target("tutorial: model.predict", "tutorial", least_seconds=10.0)
TARGETS = (SERVICE, EMPTY, EMPTY_READY, TF_FUNCTION, TUTORIAL)
