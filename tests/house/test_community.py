"""Licence, notice, CI and pre-commit hooks are complete and call targets that exist."""

import re
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT

YAML = sorted([*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"])


def test_licence_is_apache_2_and_the_notice_keeps_the_data_apart():
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert "research purposes only" in notice
    assert "Apache License 2.0" in notice


@pytest.mark.parametrize("file", YAML, ids=lambda file: file.name)
def test_yaml_is_valid(file: Path):
    assert yaml.safe_load(file.read_text("utf-8"))


def test_public_ci_runs_the_projects_own_checks_and_names_only_make_targets_that_exist():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    assert "bash .ci/run" in commands
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", commands)) <= targets
    versions = [workflow["jobs"]["check"]["steps"][1]["with"]["python-version"]]
    versions += workflow["jobs"]["python"]["strategy"]["matrix"]["python-version"]
    serve = workflow["jobs"]["serve"]["steps"]
    assert "make serve" in serve[2]["run"]
    versions.append(serve[1]["with"]["python-version"])
    assert versions == ["3.11", "3.12", "3.13", "3.14"]


def test_pre_commit_hooks_are_the_checks_of_make_check():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    tools = {Path(hook["entry"].split()[0]).name for hook in hooks}
    check = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert tools == {Path(word).name for word in re.findall(r"\$\(BIN\)/(\S+)", check)}
