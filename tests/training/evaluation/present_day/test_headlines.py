"""Lines of a file of present-day headlines."""

from pathlib import Path

import pytest

from training.errors import TableError
from training.evaluation.present_day.headlines import read_headlines


def test_line_of_another_form_is_named(tmp_path: Path):
    (tmp_path / "headlines.tsv").write_text("biz\tcrude\tOil\nOil\n", "utf-8")
    with pytest.raises(TableError, match="line 2 needs kind, codes and headline"):
        read_headlines(tmp_path / "headlines.tsv")


def test_file_without_a_line_is_refused_in_one_sentence(tmp_path: Path):
    (tmp_path / "headlines.tsv").touch()
    with pytest.raises(TableError, match=r"headlines.tsv: has no headlines; each line is kind, codes and headline"):
        read_headlines(tmp_path / "headlines.tsv")


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "headlines.tsv").write_bytes("biz\tcrude\tRohölpreise steigen\n".encode("latin-1"))
    with pytest.raises(TableError, match=r"headlines.tsv: is not UTF-8; convert it"):
        read_headlines(tmp_path / "headlines.tsv")


def test_separator_that_is_no_line_break_stays_in_a_headline(tmp_path: Path) -> None:
    (tmp_path / "headlines.tsv").write_bytes("biz\tcrude\tOil\u2028falls\r\ngen\tnone\tRain\n".encode())
    assert [one.text for one in read_headlines(tmp_path / "headlines.tsv")] == ["Oil\u2028falls", "Rain"]
