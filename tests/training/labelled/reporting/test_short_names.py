"""Written reports name files without their folders, unless these tell two files apart."""

import json
from pathlib import Path

from click.testing import CliRunner

from training.cli import cli
from training.labelled.reporting.short_names import short_names

FILES = ("2025/news.csv", "2026/news.csv", "2026/test.csv")


def test_files_of_the_same_name_are_told_apart_by_their_folders() -> None:
    assert short_names([Path("a/x.csv"), Path("/b/y.csv")]) == ["x.csv", "y.csv"]
    assert short_names([Path("/2025/a/x.csv"), Path("/2026/a/x.csv"), Path("/y.csv")]) == [
        "2025/a/x.csv",
        "2026/a/x.csv",
        "/y.csv",
    ]


def test_written_report_names_files_of_the_same_name_by_the_folders_that_tell_them_apart(tmp_path: Path) -> None:
    for name in FILES:
        rows = [f"{label} of {name} {number},{label}" for label in ("sport", "money") for number in range(20)]
        # Equal texts with different labels, nearly equal ones in a training and a test file, and a bad row.
        near = "2026 is up in gold" if name == FILES[-1] else f"gold is up in {name[:4]}"
        rows += ["oil up,sport", "oil up,money", f"{near},money", ","]
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text,label\n" + "\n".join(rows))
    files = [str(tmp_path / name) for name in FILES]
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["check", *files[:2], "--test", files[2], "--output", str(out)])
    assert done.exit_code == 0, done.output
    assert f"{files[0]}: texts from" in done.output  # the terminal shows paths as they were given
    report, page = json.loads((out / "data.json").read_text()), (out / "data.html").read_text()
    assert str(tmp_path) not in json.dumps(report) + page
    assert [columns["file"] for columns in report["columns"]] == list(FILES)
    assert [bad["line"] for bad in report["first_bad"]] == [f"{name}:45" for name in FILES]
    for kind in ("exact", "near", "conflicts", "shared"):
        lines = [line for group in report[kind]["largest"] for line in group["lines"]]
        assert {line.rpartition(":")[0] for line in lines} & set(FILES[:2]), kind
        assert {line.rpartition(":")[0] for line in lines} <= set(FILES), kind
    for name in FILES:
        assert f"<b>{name}</b>: texts from" in page
        assert f"{name}:45 has no text" in page
    assert "the first is <bdi>2025/news.csv:42</bdi>" in page
