import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from app.classifier.tokenizer import tokenize
from tests.real_data import REPOSITORY
from training.data.lexicon import LEXICON, OUTSIDE, Entry, load_lexicon
from training.data.topics import TOPICS
from training.errors import LexiconError

PAGE = REPOSITORY / "docs" / "headlines" / "lexicon.md"
MIN_PER_TOPIC = 40
MIN_OUTSIDE = 1_800


@pytest.fixture(scope="module")
def entries() -> tuple[Entry, ...]:
    return load_lexicon()


def write(folder: Path, text: str, name: str = "a.tsv") -> Path:
    (folder / name).write_bytes(text.encode())
    return folder


def test_lines_become_entries_in_the_order_of_files(tmp_path: Path) -> None:
    write(tmp_path, "outside\tRain delays final\n", "b.tsv")
    write(tmp_path, "# crops\n\ngrain wheat\tBlack Sea wheat export corridor holds\n")
    first, second = load_lexicon(tmp_path)
    assert (first.text, first.topics) == ("Black Sea wheat export corridor holds", ("grain", "wheat"))
    assert second.topics == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("gold Bullion steady", "does not have two columns"),
        ("gold\tBullion\tsteady", "does not have two columns"),
        ("platinum\tAutocatalyst demand", "'platinum' is not a code"),
        ("Gold\tBullion steady", "'Gold' is not a code"),
        ("\tBullion steady", "'' is not a code"),
        ("gold  silver\tBullion steady", "'' is not a code"),
        ("gold gold\tBullion steady", "has a code twice"),
        ("gold outside\tBullion steady", "has 'outside' beside a topic"),
        ("gold\t", "has no words"),
        ("gold\t...", "has no words"),
        ("gold\t Bullion steady", "spaces at its edges or invisible characters"),
        ("gold\tBullion\u200b steady", "spaces at its edges or invisible characters"),
    ],
)
def test_malformed_line_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    write(tmp_path, f"# metals\n{line}\n")
    with pytest.raises(LexiconError, match=rf"a\.tsv:2: .*{re.escape(message)}"):
        load_lexicon(tmp_path)


def test_same_words_twice_are_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, "gold\tBullion steady\n")
    write(tmp_path, "silver\tBULLION: steady!\n", "b.tsv")
    with pytest.raises(LexiconError, match=r"b\.tsv:1: has the same words as .*a\.tsv:1"):
        load_lexicon(tmp_path)


def test_crlf_is_accepted(tmp_path: Path) -> None:
    write(tmp_path, "# metals\r\ngold\tBullion steady\r\n")
    assert [entry.text for entry in load_lexicon(tmp_path)] == ["Bullion steady"]


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"gold\tBullion \xff\n")
    with pytest.raises(LexiconError, match=r"a\.tsv: cannot be read as UTF-8"):
        load_lexicon(tmp_path)


def test_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"holds no \.tsv file"):
        load_lexicon(tmp_path / "absent")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_enough_lines(entries: tuple[Entry, ...], topic: str) -> None:
    assert sum(topic in entry.topics for entry in entries) >= MIN_PER_TOPIC


def test_outside_has_enough_lines(entries: tuple[Entry, ...]) -> None:
    assert sum(not entry.topics for entry in entries) >= MIN_OUTSIDE


def test_texts_are_headlines_in_plain_characters(entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        assert len(tokenize(entry.text)) <= 20, entry.text
        assert "  " not in entry.text, entry.text
        assert unicodedata.is_normalized("NFKC", entry.text), entry.text


def test_page_counts_equal_the_files(entries: tuple[Entry, ...]) -> None:
    codes = [entry.topics or (OUTSIDE,) for entry in entries]
    lines = Counter(first for first, *_ in codes)
    uses = Counter(code for entry_codes in codes for code in entry_codes)
    rows = "".join(f"| `{code}` | {lines[code]:,} | {uses[code]:,} |\n" for code in (*TOPICS, OUTSIDE))
    page = PAGE.read_text("utf-8")
    assert rows in page
    assert f"Of its {len(entries):,} lines" in page


def test_page_names_every_file() -> None:
    page = PAGE.read_text("utf-8")
    assert [file.name for file in LEXICON.glob("*.tsv") if f"`{file.name}`" not in page] == []


@pytest.mark.parametrize(
    "sample", sorted((REPOSITORY / "docs" / "headlines").glob("*.tsv")), ids=lambda file: file.stem
)
def test_no_text_is_a_headline_that_measures(entries: tuple[Entry, ...], sample: Path) -> None:
    headlines = {tuple(tokenize(line.rpartition("\t")[2])) for line in sample.read_text("utf-8").splitlines()}
    assert len(headlines) > 60
    assert [entry.text for entry in entries if tuple(tokenize(entry.text)) in headlines] == []
