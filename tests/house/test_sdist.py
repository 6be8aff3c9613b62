"""What the source distribution holds."""

import tomllib

from tests.server import ROOT


def test_sdist_patterns_select_from_the_root_only():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert [pattern for pattern in patterns if not pattern.startswith("/")] == []
    assert [pattern for pattern in patterns if not (ROOT / pattern[1:]).exists()] == []
