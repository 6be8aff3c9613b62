"""The load generator: wrk (https://github.com/wg/wrk), which Debian packages."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import MeasurementError, pinned

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Run:
    """Figures of one run."""

    requests: int
    seconds: float
    p50: float
    """In milliseconds, like p99."""
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def install() -> None:
    """Install wrk with apt-get if it is missing; raises MeasurementError if that fails."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, timeout=300, stdout=subprocess.DEVNULL)
    if not shutil.which("wrk"):
        raise MeasurementError("wrk is not installed; install it (Debian: `apt-get install wrk`) and run this again.")


def load(url: str, bodies: Path, clients: int, seconds: float, cores: Sequence[int]) -> Run:
    """Send requests without pauses, each client one at a time, for `seconds` (at least one).

    Raises:
        MeasurementError: at least one request failed, so the figures of the run are not valid.
    """
    whole = max(1, round(seconds))
    # Beyond this a client would count as timed out; the slowest peer takes many seconds with 64 clients.
    command = ["wrk", "-t1", f"-c{clients}", f"-d{whole}s", "--timeout", "60s", "-s", str(_SCRIPT)]
    with pinned(cores):
        finished = subprocess.run(
            [*command, url, "--", str(bodies)], capture_output=True, text=True, timeout=whole + 30, check=False
        )
    if finished.returncode:
        raise MeasurementError(f"wrk failed: {(finished.stderr or finished.stdout).strip()}")
    return parse(finished.stdout)


def parse(output: str) -> Run:
    """A run from what the script prints last; raises MeasurementError if any request failed."""
    said = json.loads(output.strip().rpartition("\n")[2])
    failed = {kind: count for kind, count in said["errors"].items() if count}
    if failed:
        shown = ", ".join(f"{count} {kind}" for kind, count in failed.items())
        raise MeasurementError(f"Not reported: of {said['requests']} requests some failed ({shown} errors).")
    return Run(said["requests"], said["microseconds"] / 1e6, said["p50"] / 1000, said["p99"] / 1000)
