"""Lines of a file of present-day headlines."""

from pathlib import Path

import pytest

from training.errors import TableError
from training.evaluation.present_day.headlines import read_headlines


def test_line_of_another_form_is_named(tmp_path: Path):
    (tmp_path / "headlines.tsv").write_text("biz\tcrude\tOil\nOil\n", "utf-8")
    with pytest.raises(TableError, match="line 2 is not kind, codes and headline"):
        read_headlines(tmp_path / "headlines.tsv")


def test_file_without_a_line_is_refused_in_one_sentence(tmp_path: Path):
    (tmp_path / "headlines.tsv").touch()
    with pytest.raises(TableError, match=r"headlines.tsv: has no headlines; each line is kind, codes and headline"):
        read_headlines(tmp_path / "headlines.tsv")
