"""The services that are compared."""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from app.settings import load_settings
from benchmarks.environment import InstallationError, install
from benchmarks.process import ROOT, Process
from benchmarks.speed.apis import BENTOML, LITSERVE, OPEN_INFERENCE, OWN, Api

_REQUIREMENTS = Path(__file__).parent / "framework_peers" / "requirements"


@dataclass(frozen=True, slots=True)
class Target:
    """A service to measure; with neither `peer` nor `framework` it is this project's."""

    name: str
    peer: str | None = None
    """Its module in `benchmarks.speed.peers`, an application for uvicorn."""
    framework: str | None = None
    """Its module in `benchmarks.speed.framework_peers`, a program."""
    environment: str | None = None
    """The requirements file in `framework_peers/requirements`, whose packages it runs with."""
    api: Api = OWN
    min_seconds: float = 0.0
    """Minimum length of a run, so that every client of a slow service gets some answers."""

    def python(self) -> Path:
        """The Python that runs it; installs its packages the first time.

        Raises:
            InstallationError: they cannot be installed.
        """
        if self.environment is None:
            return Path(sys.executable)
        requirements = _REQUIREMENTS / f"{self.environment}.txt"
        return install(ROOT / ".benchmarks" / self.environment, ["-r", requirements]) / "python"

    def process(self, folder: Path, cores: Collection[int], **settings: object) -> Process:
        """The service as a process with its log in `folder`; ours has metrics, request IDs and access log, as shipped.

        Raises:
            InstallationError: the packages of a framework cannot be installed.
        """
        arguments = ["-m", "app", "serve"]
        if self.peer:
            quiet = ("--no-access-log", "--log-level", "warning")
            arguments = ["-m", "uvicorn", f"benchmarks.speed.peers.{self.peer}:app", *quiet]
        if self.framework:
            arguments = ["-m", f"benchmarks.speed.framework_peers.{self.framework}"]
        # Without draining only the end is faster; the model is that of the caller's environment.
        chosen = {"model": load_settings().model[0].resolve(), "drain_seconds": 0} | settings
        log = folder / f"{self.framework or self.peer or 'service'}.log"
        return Process([self.python(), *arguments], chosen, cores, log)


SERVICE = Target("this service")
EMPTY = Target("empty FastAPI route", "empty")
EMPTY_READY = Target("the same, answer ready-made", "empty_ready")
TF_FUNCTION = Target("tf.function", "tf_function")
TUTORIAL = Target("tutorial: model.predict", "tutorial", min_seconds=10.0)
TARGETS = (SERVICE, EMPTY, EMPTY_READY, TF_FUNCTION, TUTORIAL)

FRAMEWORKS = (
    Target("BentoML", framework="bentoml_service", environment="bentoml", api=BENTOML),
    Target("MLServer", framework="mlserver_runtime", environment="mlserver", api=OPEN_INFERENCE),
    Target("LitServe", framework="litserve_server", environment="litserve", api=LITSERVE),
)
"""Serving frameworks with their own batching, around the same tf.function."""


def installed(say: Callable[[str], None]) -> tuple[Target, ...]:
    """All targets but the frameworks that cannot be installed, which are reported."""
    targets = [*TARGETS]
    for target in FRAMEWORKS:
        try:
            target.python()
        except InstallationError as error:
            say(f"{target.name} is not measured, its packages cannot be installed: {error}")
        else:
            targets.append(target)
    return tuple(targets)
