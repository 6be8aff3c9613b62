"""The installed package: `app` and the bundles lie inside it, so that nothing named `app` lands in site-packages."""

import sys
from pathlib import Path


def main() -> None:
    """Console script `reuters-topics`: the commands of `python -m app`."""
    sys.path.insert(0, str(Path(__file__).parent))
    from app.__main__ import main as commands  # noqa: PLC0415 - importable only now

    commands(prog_name="reuters-topics")
