"""Exit statuses are the same in the code, the help text and the documentation."""

import re

from app.cli.exit_status import MEANINGS, ExitStatus
from tests.app.cli.running import run
from tests.server import ROOT


def test_help_and_documentation_have_the_statuses_of_the_code() -> None:
    table = {int(status): meaning for status, meaning in MEANINGS.items()}
    assert set(table) == set(ExitStatus)
    told = re.findall(r"^ +(\d+) +(\S.*)$", run("classify", "--help").stdout.partition("Exit status:")[2], re.MULTILINE)
    assert {int(status): meaning for status, meaning in told} == table
    page = (ROOT / "docs" / "classify.md").read_text("utf-8")
    told = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert {int(status): meaning.replace("`", "") for status, meaning in told} == table
