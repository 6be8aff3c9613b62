"""The commands and scripts of docs/export.md run as they are printed."""

import json
import re
from pathlib import Path

import pytest

from tests.server import ROOT
from tests.shell_blocks import run_shell, shell_blocks

PAGE = (ROOT / "docs" / "export.md").read_text("utf-8")


def script(heading: str) -> str:
    """The Python script under a heading."""
    section = re.split(r"^## ", PAGE.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    [found] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "module", "topic"), [("SavedModel", "tensorflow", ""), ("ONNX", "onnxruntime", "(no known word)")]
)
def test_export_reproduces_the_golden_headlines_and_shows_no_topic_of_the_unreadable_one(
    heading: str, module: str, topic: str, tmp_path: Path
) -> None:
    pytest.importorskip(module)
    for name in (".venv", "app", "training", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "script.py").write_text(script(heading))
    [command] = shell_blocks(PAGE, heading)
    printed = run_shell(
        tmp_path, [f"({command.strip()}) >written 2>errors", ".venv/bin/python script.py 2>>errors"], ports=[]
    )
    [bundle] = re.findall(r"training export (\S+)", command)
    golden = json.loads((ROOT / bundle / "golden.json").read_text("utf-8"))
    lines = printed.splitlines()
    assert len(lines) == len(golden)
    assert all(line.endswith(f"  {one['headline'][:60]}") for line, one in zip(lines, golden, strict=True))
    [unreadable] = [one["headline"] for one in golden if one.get("outside") is None]
    [*before, _] = next(line for line in lines if line.endswith(unreadable)).removesuffix(unreadable).split()
    assert " ".join(before) == topic  # what is printed before the probability
    assert " written. To load and check it: " in (tmp_path / "written").read_text()
