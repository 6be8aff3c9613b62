"""docs/logs.md describes the fields of a request's line, in their order."""

import json
import re

import pytest

from tests.app.conftest import Start
from tests.app.conftest import start as start  # noqa: PLC0414 - a fixture
from tests.server import ROOT

PAGE = (ROOT / "docs" / "logs.md").read_text("utf-8")


def fields() -> list[str]:
    """The fields in the table."""
    table = PAGE.partition("| field | meaning |")[2].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_table_has_the_fields_of_a_line_in_order(start: Start, capsys: pytest.CaptureFixture[str]):
    start(log_headlines=True).post("/predict", json={"headline": "oil"})
    [line] = capsys.readouterr().out.splitlines()
    assert list(json.loads(line)) == fields()


def test_example_has_the_fields_without_the_texts():
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    assert list(example) == fields()[:-1]
