"""Writes the shipped nginx configuration with another port and another list of replicas."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.process import ROOT

SHIPPED = ROOT / "deploy" / "nginx"


def configure(folder: Path, port: int, replicas: Sequence[int]) -> list[str]:
    """Write the configuration to a folder, in which nginx also keeps its own files.

    Args:
        folder: the folder.
        port: of nginx.
        replicas: ports of the service on this machine, instead of the host name that Docker's DNS would resolve.

    Returns:
        The command that runs nginx in the foreground.
    """
    config = (SHIPPED / "nginx.conf").read_text("utf-8")
    for shipped, ours in (("listen 8080", f"listen 127.0.0.1:{port}"), ("/tmp/", f"{folder}/")):
        assert shipped in config
        config = config.replace(shipped, ours)
    (folder / "nginx.conf").write_text(config, "utf-8")
    upstream = (SHIPPED / "upstream.conf").read_text("utf-8")
    [options] = re.findall(r"^ +server serve:8000 resolve (.*);$", upstream, re.MULTILINE)
    servers = "".join(f"    server 127.0.0.1:{replica} {options};\n" for replica in replicas)
    upstream = re.sub(r"^ +server .*\n", servers, upstream, flags=re.MULTILINE)
    (folder / "upstream.conf").write_text(upstream, "utf-8")
    directives = "daemon off;" if os.getuid() else "daemon off; user root;"  # only root may be able to read the folder
    return ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", directives]
