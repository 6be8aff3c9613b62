"""The nginx configuration that deploy/nginx ships, with another port and another list of replicas."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

SHIPPED = Path(__file__).parent.parent / "deploy" / "nginx"


def configure(folder: Path, port: int, replicas: Sequence[int]) -> list[str]:
    """Write it to a folder, where nginx also keeps what it writes; the command that runs it there in the foreground.

    `replicas`: their ports on this machine. They replace the one name that Docker's name server would resolve.
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
    asked = "daemon off;" if os.getuid() else "daemon off; user root;"  # the folder may be root's alone then
    return ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", asked]
