"""The commands in docs/own-topics.md that make rows of files of other tools do so."""

import csv
import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.server import ROOT
from training.labelled.read import read_rows

PAGE = (ROOT / "docs" / "own-topics.md").read_text("utf-8")
[SECTION] = re.findall(r"^## Files of other tools\n.*?(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
FOLDERS, NUMBERS = map(textwrap.dedent, re.findall(r"(?<=\n\n)    python3 .*?(?=\n\n)", SECTION, re.DOTALL))
[JQ] = re.findall(r"`(jq -c [^`]*)`", SECTION)


def run(command: str, folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, timeout=20)
    [made] = folder.glob("rows.*")
    return [(row.text, row.labels) for row in read_rows([made]).rows]


def test_folders_become_labels(tmp_path: Path) -> None:
    for label, name, text in (("sport", "1.txt", "a goal\nin extra time"), ("trade", "1", 'Caf\xe9 "oil"')):
        (tmp_path / "news" / label).mkdir(parents=True)
        (tmp_path / "news" / label / name).write_bytes(text.encode("cp1252"))
    rows = run(FOLDERS.replace("FOLDER", "news"), tmp_path)
    assert rows == [("a goal\nin extra time", ("sport",)), ('Caf\ufffd "oil"', ("trade",))]


def test_numbers_become_names(tmp_path: Path) -> None:
    with (tmp_path / "numbers.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("label", "text"), (4, "a, b"), (1, 'a "c"')])
    assert run(NUMBERS, tmp_path) == [("a, b", ("Sci/Tech",)), ('a "c"', ("World",))]


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_numbers_in_json_lines_become_names(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": label}) for text, label in (("a", 1), ("b", 0))]
    (tmp_path / "numbers.jsonl").write_text("\n".join(lines))
    assert run(JQ, tmp_path) == [("a", ("Sports",)), ("b", ("World",))]
