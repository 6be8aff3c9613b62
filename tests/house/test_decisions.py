"""Every decision has the same headings, a status and a date, and is listed in the index."""

import re
from pathlib import Path

import pytest

from tests.server import ROOT

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives considered"]


def title_and_status(page: Path) -> tuple[int, str, str]:
    """Number, title and status as the page's first lines have them."""
    title, status, date, _ = page.read_text("utf-8").split("\n\n", 3)
    number, title = title.removeprefix("# ").split(". ", 1)
    assert re.fullmatch(r"Date: (\d{4}-\d\d-\d\d)(, revised \d{4}-\d\d-\d\d)?", date)
    return int(number), title, status.removeprefix("Status: ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_decision_has_number_status_date_and_the_four_headings(page: Path):
    number, _, status = title_and_status(page)
    assert page.name.startswith(f"{number:04}-")
    assert status == "accepted" or status.startswith("superseded by ")
    headings = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert headings == (HEADINGS if status == "accepted" else [])


def test_index_lists_every_decision_with_its_title_and_status():
    index = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| (.+?) \| (.+?) \|$", index, re.MULTILINE)
    assert [(int(number), file, title, status) for number, file, title, status in rows] == [
        (number, page.name, title, status) for page in PAGES for number, title, status in [title_and_status(page)]
    ]
