"""Runs the shell commands of a page of the documentation, with ports of this machine."""

import os
import re
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path


def shell_blocks(page: str, heading: str) -> list[str]:
    """The shell commands under a heading of a page, up to the next heading (`# ` begins a comment of the shell)."""
    section = re.split(r"^##+ ", page.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def free_ports(number: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    return ports


def run_shell(folder: Path, commands: Sequence[str], *, ports: Sequence[int], path: str = "") -> str:
    """Run commands in one shell, which ends everything that it has started; returns what they print.

    `ports` stand for 8000, 8001 and so on; `path` is put in front of PATH.
    """
    script = "\n".join(commands)
    for shipped, ours in enumerate(ports, 8000):
        script = re.sub(rf"(:|--port ){shipped}\b", rf"\g<1>{ours}", script)
    script = f"set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT\n{script}\n"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOPICS_")}
    environment = inherited | {"TOPICS_DRAIN_SECONDS": "0", "PATH": f"{path}{os.environ['PATH']}"}
    output = folder / "output"
    with output.open("wb") as file:  # not a pipe, which background processes would keep open
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=500,
            check=False,
        )
    text = output.read_text("utf-8")
    assert done.returncode == 0, text
    return text
