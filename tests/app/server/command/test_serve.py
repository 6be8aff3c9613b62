"""The command `serve` before it serves."""

import subprocess
import sys
from pathlib import Path

from tests.server import ROOT


def test_bundle_is_loaded_before_fastapi_is_imported(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text(
        "import gc, os; os._exit(41 if gc.get_freeze_count() else 40)"  # loading ends with `gc.freeze`
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from app.__main__ import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--model", str(tiny_bundle)]
    assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 41
