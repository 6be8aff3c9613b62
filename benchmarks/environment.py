"""Virtual environments for packages that must not be in the project's own."""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SECONDS = 480


class InstallationError(Exception):
    """Packages cannot be installed here; the message is the last line of pip's output."""


def install(folder: Path, *requirements: Sequence[object]) -> Path:
    """Make a virtual environment, once, and again when the requirements change.

    Args:
        folder: of the environment.
        requirements: for each `pip install` its arguments; paths are requirements files or packages.

    Returns:
        The folder of its programs.

    Raises:
        InstallationError: pip fails or takes longer than eight minutes.
    """
    said = [
        (requirement, requirement.read_text("utf-8") if isinstance(requirement, Path) else "")
        for group in requirements
        for requirement in group
    ]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{folder}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes run the tests
        stamp = folder / f"installed-{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"
        if not stamp.exists():
            try:
                _run([sys.executable, "-m", "venv", "--clear", folder])
                for group in requirements:
                    _install(folder / "bin" / "python", group)
            except (subprocess.SubprocessError, OSError) as error:
                raise InstallationError(str(getattr(error, "stderr", None) or error).strip().splitlines()[-1]) from None
            stamp.touch()
    return folder / "bin"


def _install(python: Path, requirements: Sequence[object]) -> None:
    """With uv, in a tenth of pip's time; with pip if uv fails, because pip's configuration may name a mirror."""
    try:
        _run([Path(sys.executable).with_name("uv"), "pip", "install", "--python", python, *requirements])
    except (subprocess.SubprocessError, OSError):
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])


def _run(command: Sequence[object]) -> None:
    subprocess.run(
        [str(argument) for argument in command], check=True, capture_output=True, text=True, timeout=_SECONDS
    )
