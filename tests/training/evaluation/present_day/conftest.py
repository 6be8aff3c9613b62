"""Figures of a bundle without an outside class on a few headlines."""

from pathlib import Path

import pytest

from app.classifier import load_classifier
from training.evaluation.present_day.figures import measure_headlines
from training.evaluation.present_day.headlines import read_headlines

LINES = """biz\tcrude|ship\tOil prices rise as OPEC agrees to cut crude output
biz\tgold\tOil prices rise as OPEC agrees to cut crude output
biz\tnone\tSingers meet in a stadium
biz\tearn|none\tCompany reports profit
gen\tcrude\tqwertyuiop zxcvbnm asdfghjkl
"""


@pytest.fixture
def figures(tmp_path: Path, tiny_bundle: Path) -> dict:
    (tmp_path / "headlines.tsv").write_text(LINES, "utf-8")
    return measure_headlines(load_classifier(tiny_bundle), read_headlines(tmp_path / "headlines.tsv"))
