"""The installed package. It contains `app` and the bundles, so that no package named `app` is in site-packages."""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Console script `reuters-topics`: runs `python -m app`, signals and closed streams included."""
    sys.path.insert(0, str(Path(__file__).parent))
    runpy.run_module("app", run_name="__main__")
