"""docs/architecture.md names every module, with the first line of its docstring, and every package."""

import ast
import re
from pathlib import Path

import pytest

from tests.server import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
MODULES = [
    file.relative_to(ROOT)
    for folder in ("app", "training")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if file.name != "__init__.py"
]


def summary(module: Path) -> str:
    """The first line of a module's docstring."""
    return ast.get_docstring(ast.parse((ROOT / module).read_text("utf-8"))).partition("\n")[0]


def test_every_module_is_listed_with_its_summary():
    listed = dict(re.findall(r"^\| `((?:app|training)/\S+\.py)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert listed == {str(module): summary(module) for module in MODULES}, (
        "docs/architecture.md, under Files, has one row per module, with the first line of its docstring"
    )


@pytest.mark.parametrize("package", sorted({str(module.parent) for module in MODULES}))
def test_every_package_has_a_heading(package: str):
    headings = re.findall(r"^### `(.+)/`$", PAGE, re.MULTILINE)
    assert package in headings, f"docs/architecture.md, under Files: add the heading ### `{package}/` and its table"


def test_no_package_has_more_than_a_dozen_modules():
    counts = {module.parent: sum(one.parent == module.parent for one in MODULES) for module in MODULES}
    assert {str(package): count for package, count in counts.items() if count > 12} == {}, (
        "move modules that belong together into a package of their own"
    )


@pytest.mark.parametrize("page", ["architecture.md", "extending.md"])
def test_files_that_it_names_exist(page: str):
    text = (ROOT / "docs" / page).read_text("utf-8")
    named = set(re.findall(r"`((?:app|training|tests|deploy|docs)/[\w/.-]+\.(?:py|md|yml))`", text))
    assert [name for name in sorted(named) if "NAME" not in name and not (ROOT / name).exists()] == [], (
        f"docs/{page} names files that do not exist"
    )
