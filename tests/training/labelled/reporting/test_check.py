"""The report: what a check finds, in text, JSON and HTML."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.readers.row import ICONV
from app.terminal_columns import columns
from tests.real_data import REPOSITORY
from training.cli import cli
from training.fit.training_rows import tokenize_rows
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.reporting import terminal
from training.labelled.reporting.check import check
from training.labelled.reporting.notes import MAX_COMPARED, NOTHING_MEASURED, notes
from training.labelled.reporting.page import data_page
from training.labelled.reporting.report import MAX_EXAMPLE_CHARACTERS, DataReport
from training.labelled.reporting.scripts import script
from training.labelled.reporting.terminal import WIDTH, cut, terminal_report
from training.labelled.split import split_rows

TEMPLATE = "shares of the company rise in early trade in London by {} points"


def lines() -> list[str]:
    rows = [f"story {i} of the day,sport" for i in range(40)] + [f"tale {i} of the night,Sport " for i in range(40)]
    rows += [f"{TEMPLATE.format(i)},money" for i in range(30)]
    rows += ["oil up,money", "Oil  up,money", "oil up,sport", "oil up,"]
    rows += ["a rare one,rare", ",sport", "no label at all", "환율 급등,money"]
    rows += ["<b>gold</b> \x1b[31mup,money", '"gold\ndown",money']
    return ["headline,section", *rows]


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows), "utf-8")
    return path


@pytest.fixture
def report(tmp_path: Path) -> DataReport:
    table = read_rows([write(tmp_path / "a.csv", lines())], ReadingOptions(outside=("",)))
    return check(table, split_rows(table))


def test_report_counts_every_row_once(report: DataReport) -> None:
    assert report.rows + report.bad == len(lines()) - 1
    assert report.rows == report.train + report.test + sum(report.left_out.values())
    assert report.bad_reasons == {"has no text": 1, "has 1 column, and the header 2": 1}


def test_labels_have_counts_and_three_examples(report: DataReport) -> None:
    assert {one.label: one.rows for one in report.labels} == {"sport": 41, "Sport": 40, "money": 35}
    assert all(one.train + one.test == one.rows and len(one.examples) == 3 for one in report.labels)
    assert report.rare == {"": 1, "rare": 1}


def test_duplicates_and_conflicts_are_found(report: DataReport) -> None:
    assert (report.exact.count, report.exact.rows) == (1, 4)
    assert report.conflicts.largest[0].labels == {"money": 2, "sport": 1, "": 1}
    assert report.near.largest[0].rows == 30
    assert report.shared.count == 0
    assert report.similar_labels == [["Sport", "sport"]]


def test_report_has_scripts_line_breaks_and_lengths_of_texts(report: DataReport) -> None:
    assert report.scripts == {"Latin": report.rows - 1, "Hangul": 1}
    assert report.several_lines == 1
    assert (report.words.least, report.words.most) == (2, 13)


def test_many_small_groups_of_near_duplicates_are_noted(report: DataReport) -> None:
    near = dataclasses.replace(report.near, rows=report.rows // 5, largest=[])
    found = notes(dataclasses.replace(report, near=near))
    assert any("of the rows are near duplicates of another" in note for note in found)
    few = dataclasses.replace(near, rows=report.rows // 20)
    assert not any("near duplicates of another" in note for note in notes(dataclasses.replace(report, near=few)))


def test_near_duplicates_of_test_rows_are_noted_if_they_are_more_than_a_hundredth(report: DataReport) -> None:
    note = "5 test rows (1%) have a near duplicate among the training rows, so the figures are probably too high."
    for test in (499, 500):
        found = notes(dataclasses.replace(report, shared_test=5, test=test))
        assert (note in found) == (test == 499)


def test_html_entities_are_noted_if_a_hundredth_of_the_texts_has_some(tmp_path: Path) -> None:
    texts = ["R&amp;D", "caf&#233;", "&#x2605; &lt;3", "AT&T; B&B", "?a=1&lt=2", "&#;"]
    rows = [f"{texts[i % 6]} story {i},{('money', 'sport')[i % 2]}" for i in range(60)]
    table = read_rows([write(tmp_path / "a.csv", ["headline,section", *rows])])
    report = check(table, split_rows(table))
    assert report.html_entities == 30
    assert any(note.startswith("30 texts have HTML entities (such as &amp;); decode them") for note in report.notes)
    few = dataclasses.replace(report, html_entities=30, rows=3000)
    assert not any("HTML" in note for note in notes(few))


def test_columns_that_are_not_used_are_listed_if_the_texts_were_guessed(tmp_path: Path) -> None:
    rows = [f"{i},story {i},long story {i},{('money', 'sport')[i % 2]}" for i in range(60)]
    path = write(tmp_path / "a.csv", ["id,headline,short text,section", *rows])
    for text, ending in (
        ((), "labels from 'section' (both guessed); not used: 'id', 'short text'"),
        (("headline",), "(guessed)"),
    ):
        table = read_rows([path], ReadingOptions(text=text))
        printed = terminal_report(check(table, split_rows(table)))
        assert printed.partition("\n")[0].endswith(ending)


def test_labels_with_commas_are_in_quotes(tmp_path: Path) -> None:
    rows = [f'story {i},"{("oil, gas", "wheat")[i % 2]}"' for i in range(30)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])])
    found = " ".join(notes(check(table, split_rows(table))))
    assert "2 labels ('oil, gas', wheat) have fewer than 20 training rows" in found


def test_note_on_rare_labels_advises_to_lower_min_rows_only_where_that_helps(report: DataReport) -> None:
    found = " ".join(notes(dataclasses.replace(report, rare={"rare": 2, "rarer": 1})))
    assert "add rows, merge labels, or lower --min-rows." in found


def test_options_in_notes_are_not_divided(report: DataReport) -> None:
    note = " ".join(["--label-separator"] * 20)
    printed = terminal_report(dataclasses.replace(report, notes=[note]))
    assert printed.count("--label-separator") == 20


def test_notes_say_what_deserves_attention(report: DataReport) -> None:
    notes = " ".join(report.notes)
    for part in (
        "2 bad rows are left out (",
        "1 label with too few rows (rare) is not learned, and 1 row left out; add rows, or merge labels.",
        "1 group of labels differs only in case, spaces, punctuation, a final s or .0, or Unicode form ('Sport' and",
        "1 text (4 rows) has different labels",
        "30 rows are near duplicates",
        "the margin of error of the accuracy is about",
    ):
        assert part in notes
    assert all(note[-1] == "." for note in report.notes)


@pytest.mark.parametrize(("several", "advice"), [(0, "(--outside)"), (1, "give all its rows each of those that fit")])
def test_texts_under_different_labels_are_rows_of_an_outside_class_only_if_the_model_can_have_one(
    report: DataReport, several: int, advice: str
) -> None:
    found = notes(dataclasses.replace(report, rows_with_several_labels=several))
    [note] = [note for note in found if "different labels" in note]
    assert note.endswith(f"{advice}.")


def test_reasons_agree_with_their_number(report: DataReport) -> None:
    bad = dataclasses.replace(report, bad=8, bad_reasons={"has no label": 5, "has no text": 2, "is not UTF-8": 1})
    found = notes(bad)[0]
    advice = f"convert the files, such as with {ICONV}"
    assert found == f"8 bad rows are left out (5 have no label; 2 have no text; 1 is not UTF-8); {advice}."


@pytest.mark.parametrize(
    ("labels", "noted"),
    [
        (("0", "1"), "(0, 1)"),
        (("-1", "2.0"), "(-1, 2.0)"),
        (("1", "two"), ""),
        (("v1", "v2"), ""),
        (("1.5", "2"), ""),
        (("true", "false"), ""),
    ],
)
def test_labels_that_are_all_numbers_are_noted(tmp_path: Path, labels: tuple[str, str], noted: str) -> None:
    rows = [f"story {i} of {label},{label}" for label in labels for i in range(10)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])])
    told = [note for note in check(table, split_rows(table)).notes if note.startswith("The labels are numbers")]
    assert bool(told) == bool(noted)
    assert all(f"The labels are numbers {noted}, and so are the answers" in note for note in told)


def test_every_reason_of_bad_rows_is_shown_with_its_first_lines(tmp_path: Path) -> None:
    good = [f"the {label} story number {i},{label}" for label in ("sport", "money") for i in range(40)]
    bad = ["no label,"] * 5 + [",sport"] * 2 + ["a,b,c,d"] * 2 + ["\0,sport"]
    table = read_rows([write(tmp_path / "a.csv", ["headline,section", *good, *bad])], ReadingOptions(most_bad=0.5))
    report = check(table, split_rows(table))
    reasons = "5 have no label; 2 have no text; 2 have 4 columns, and the header 2; 1 holds a NUL character"
    assert f"10 bad rows are left out ({reasons}); correct the files." in report.notes
    for text in (terminal_report(report), data_page(report), json.dumps(report.as_dict())):
        lines = re.findall(r'a\.csv:(\d+)(?: |", "why": ")(?:has|is|holds)', text)
        assert lines == ["82", "83", "84", "87", "88", "89", "90", "91"]


def test_labels_that_differ_only_in_case_are_one_note_that_counts_all_groups(report: DataReport) -> None:
    alike = [[name.capitalize(), name] for name in ("api", "billing", "bug", "login")]
    found = [note for note in notes(dataclasses.replace(report, similar_labels=alike)) if "spelling" in note]
    assert len(found) == 1
    assert found[0].startswith(
        "4 groups of labels differ only in case, spaces, punctuation, a final s or .0, or Unicode form ('Api' and "
    )
    assert "'Bug' and 'bug'; ...)" in found[0]


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("sport", "Sport!", True),
        ("C", "C++", True),
        ("fridge", "Fridges", True),
        ("C", "CS", False),
        ("5", "5.0", True),
        ("1.5", "15", True),
        ("v1.0", "v1.00", True),
        ("10", "1.0", False),
        ("1", "-1", False),
        ("0.5", "-0.5", False),
        ("-1", "-1.0", True),
        ("a-1", "a1", True),
        ("a.0", "a", False),
        ("Café", "Cafe\u0301", True),
        ("ดี", "ดู", False),
        ("की", "कि", False),
        ("⚽ news", "💰 news", False),
    ],
)
def test_labels_of_other_letters_or_symbols_do_not_look_alike(
    tmp_path: Path, first: str, second: str, alike: bool
) -> None:
    rows = [f"story {i},{label}" for label in (first, second) for i in range(10)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])])
    assert bool(check(table, split_rows(table)).similar_labels) == alike


def test_notes_name_the_figures_of_models_for_several_labels(tmp_path: Path) -> None:
    rows = [f"story {i},{'ab'[i % 2]};c" for i in range(40)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])], ReadingOptions(label_separator=";"))
    found = " ".join(check(table, split_rows(table)).notes)
    assert "under 'c', so micro-F1 says little" in found
    assert "the margin of error of the share of rows with all labels right is about" in found


def test_page_isolates_labels_written_from_right_to_left(tmp_path: Path) -> None:
    rows = ["oil,نفط", "oil,رياضة", *(f"{label} {i},{label}" for label in ("نفط", "رياضة") for i in range(9))]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])])
    page = data_page(check(table, split_rows(table)))
    first = f"the first is <bdi>{tmp_path / 'a.csv'}:2</bdi>"
    assert f"2 rows: <bdi>نفط</bdi> (1), <bdi>رياضة</bdi> (1); {first}" in page


def test_labels_that_are_others_joined_suggest_the_separator(report: DataReport) -> None:
    rare = {"sport; money": 2, "sport;unknown": 1, "a;b": 1}
    found = [note for note in notes(dataclasses.replace(report, rare=rare)) if "--label-separator" in note]
    assert len(found) == 1
    assert found[0].startswith("1 label such as 'sport; money' looks like several labels in one cell;")
    assert found[0].endswith("--label-separator ';'.")
    assert not any("--label-separator" in note for note in report.notes)


def test_labels_that_are_others_joined_come_first_and_are_not_misspelt(report: DataReport) -> None:
    learned = ("travel", "casts", "costs", "travel;costs")
    labels = [dataclasses.replace(report.labels[0], label=label) for label in learned]
    rare = {"travel;casts": 1, "travel;coats": 1, "travell": 1}
    found = notes(dataclasses.replace(report, labels=labels, rare=rare))
    assert found[0].startswith("2 labels such as 'travel;costs' look like several labels in one cell;")
    [misspelt] = [note for note in found if "misspelt" in note]
    assert misspelt.startswith(
        "2 labels of few rows may be misspelt ('travel;coats' for 'travel;costs', 'travell' for 'travel')"
    )


def test_time_to_look_for_joined_labels_is_linear_in_their_number(report: DataReport) -> None:
    rare = {f"left {number}; right {number}": 1 for number in range(20_000)}
    begun = time.process_time()
    notes(dataclasses.replace(report, rare=rare))
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("label", ["[oil, gas]", r"['it\'s']"])
def test_labels_that_are_lists_in_brackets_are_noted(report: DataReport, label: str) -> None:
    rare = {label: 4, "[sic]": 4, "x, y": 4}
    [told] = [note for note in notes(dataclasses.replace(report, rare=rare)) if "brackets" in note]
    assert told.startswith(f"1 label such as {label!r} looks like a list of labels; ")
    assert told.endswith("--label-separator ','.")
    assert not any("brackets" in note for note in report.notes)


def test_a_note_says_all_rows_only_if_it_is_all(report: DataReport) -> None:
    labels = [dataclasses.replace(report.labels[0], train=9_999), *report.labels[1:]]
    told = notes(dataclasses.replace(report, labels=labels, train=10_000))
    assert any(note.startswith(">99% of the training rows are under") for note in told)


@pytest.mark.parametrize(("smile", "unread"), [("\U0001f600", 1), ("", 2)])
def test_texts_that_the_model_does_not_read_are_noted(tmp_path: Path, smile: str, unread: int) -> None:
    made = [f"day {i} {smile},glad" for i in range(100)] + [f"day {i},sad" for i in range(100, 200)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *made, "?!,sad", "\U0001f44e\U0001f3fd!,sad"])])
    found = check(table, split_rows(table))
    assert (found.no_word, found.one_word) == (unread, 2)
    texts = "1 text without a word (such as punctuation alone) is" if smile else "2 texts without a word"
    assert any(note.startswith(texts) for note in found.notes)


@pytest.mark.parametrize(("mark", "unread"), [("?", 1), (".", 2)])
def test_marks_alone_are_read_where_marks_tell_the_labels(tmp_path: Path, mark: str, unread: int) -> None:
    made = [f"day {i}{mark},glad" for i in range(100)] + [f"day {i},sad" for i in range(100, 200)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *made, "?!,glad", "...,sad"])])
    split = split_rows(table)
    assert check(table, split).no_word == unread
    assert len(table.rows) - len(tokenize_rows(table.rows, split.labels).samples) == unread


def test_quotes_alone_are_no_word_as_in_fit(tmp_path: Path) -> None:
    made = [f"day {i} '',{'ab'[i % 2]}" for i in range(40)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *made, "' '',a"])])
    split = split_rows(table)
    found = check(table, split)
    assert (found.no_word, found.words.most) == (1, 2)
    assert len(table.rows) - len(tokenize_rows(table.rows, split.labels).samples) == 1


@pytest.mark.parametrize(("long", "noted"), [(0, False), (5, True), (30, False)])
def test_line_breaks_are_noted_unless_most_texts_have_some(tmp_path: Path, long: int, noted: bool) -> None:
    rows = [f'"day {i}\n{i}",{"ab"[i % 2]}' for i in range(long)]
    rows += [f"day {i},{'ab'[i % 2]}" for i in range(long, 40)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows])])
    assert any("line break" in note for note in check(table, split_rows(table)).notes) == noted


def test_rare_labels_are_compared_with_the_others(tmp_path: Path) -> None:
    table = read_rows([write(tmp_path / "a.csv", [*lines(), "one more,MONEY"])], ReadingOptions(outside=("",)))
    assert check(table, split_rows(table)).similar_labels == [["Sport", "sport"], ["money", "MONEY"]]


@pytest.mark.parametrize(
    ("rare", "note"),
    [
        ("delivrey", "1 label of few rows may be misspelt ('delivrey' for 'delivery'); if so, correct the files."),
        ("returns", None),
        ("Delivery", None),  # one of the labels that differ only in case
        ("2025 orders", None),
        ("area_C", None),
        ("Health", None),  # no misspelt `Health care`
        ("tas", None),
    ],
)
def test_rare_label_near_another_may_be_misspelt(tmp_path: Path, rare: str, note: str | None) -> None:
    learned = ["delivery", "2026 orders", "tax", "area_A", "Health care"]
    rows = [f"story {i},{label}" for label in learned for i in range(20)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows, f"one more,{rare}"])])
    found = [line for line in check(table, split_rows(table)).notes if "misspelt" in line]
    assert found == ([note] if note else [])


@pytest.mark.parametrize(("number", "note"), [(5, "5 labels"), (6, "More than 5 labels")])
def test_no_more_than_five_misspelt_labels_are_named(report: DataReport, number: int, note: str) -> None:
    learned = [dataclasses.replace(report.labels[0], label=f"{letter}elivery") for letter in "abcdef"]
    rare = {f"{letter}elivrey": 1 for letter in "abcdef"[:number]}
    [told] = [line for line in notes(dataclasses.replace(report, labels=learned, rare=rare)) if "misspelt" in line]
    assert told.startswith(f"{note} of few rows may be misspelt ('aelivrey' for 'aelivery', ")
    assert told.count(" for ") == 5
    assert (", ...)" in told) == (number > 5)


def test_few_of_very_many_rare_labels_are_compared(report: DataReport, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(
        "training.labelled.reporting.notes.misspelt_names", lambda name, _known: compared.append(name) or []
    )
    rare = {f"label {'x' * number}": 1 for number in range(3 * MAX_COMPARED)}
    list(notes(dataclasses.replace(report, rare=rare)))
    assert 0 < len(compared) <= MAX_COMPARED


def test_terminal_report_is_narrow_and_safe(report: DataReport) -> None:
    text = terminal_report(report)
    assert "\x1b" not in text
    assert all(columns(line) <= WIDTH for line in text.splitlines() if "a.csv" not in line)
    assert "Worth a look" in text


def test_page_is_self_contained_and_escapes_texts(report: DataReport) -> None:
    page = data_page(report)
    assert "<b>gold" not in page
    assert "\x1b" not in page
    assert not re.search(r"(src|href)=|@import|url\(|https?:", page)


def test_page_starts_a_label_and_its_bar_on_the_same_side(report: DataReport) -> None:
    rule = re.search(r"^th\.label \{(.*)\}$", data_page(report), re.MULTILINE)
    assert rule
    assert "text-align: start" in rule[1]  # dir="auto" has the bar of an Arabic label start at the right


def test_rows_of_a_test_file_are_compared_with_training_rows(tmp_path: Path) -> None:
    table = read_rows([write(tmp_path / "a.csv", lines())], ReadingOptions(outside=("",)))
    rows = ["headline,section", "oil up,money", f"{TEMPLATE.format('many')},money", "news,unknown"]
    test = read_rows([write(tmp_path / "b.csv", rows)])
    report = check(table, split_rows(table, test), test)
    assert report.left_out["text is also in the test file"] == 4
    assert report.left_out["no training row has the label"] == 1
    assert (report.shared.count, report.shared_test, report.test) == (1, 1, 2)


@pytest.mark.parametrize(("repeated", "share"), [(8, None), (9, "10%"), (20, "20%")])
def test_many_rows_lost_to_the_test_file_are_texts_that_the_model_does_not_learn(
    tmp_path: Path, repeated: int, share: str | None
) -> None:
    rows = [f"story {i},{('money', 'sport')[i % 2]}" for i in range(80)]
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *rows, *["yes,money"] * repeated])])
    test = read_rows([write(tmp_path / "b.csv", ["text,label", "yes,money", "another story,sport"])])
    [note] = [line for line in check(table, split_rows(table, test), test).notes if "keep the test fair" in line]
    assert note.startswith(f"{repeated} training rows with the text of a test row are left out")
    assert ("the model does not learn these texts" in note) == (share is not None)
    assert share is None or f" That is {share} of them, and the model" in note


def test_command_prints_and_writes_the_report(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", lines())
    done = CliRunner().invoke(cli, ["check", str(file), "--outside", "", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "story 0 of the day" in done.stdout
    assert json.loads((tmp_path / "out" / "data.json").read_text("utf-8"))["bad"] == 2
    assert "<h1>Training data</h1>" in (tmp_path / "out" / "data.html").read_text("utf-8")
    printed = CliRunner().invoke(cli, ["check", str(file), "--outside", "", "--json"])
    assert json.loads(printed.stdout)["rows"] == 118


def test_file_and_folder_may_have_names_that_are_not_utf_8(tmp_path: Path) -> None:
    file, folder = (tmp_path / os.fsdecode(name) for name in (b"a\xff.csv", b"out\xff"))
    write(file, lines())
    command = [sys.executable, "-m", "training", "check", file, "--outside", "", "--output", folder]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"a\\xff.csv: texts from" in done.stdout
    assert b"out\\udcff/data.html and data.json: written." in done.stdout
    assert "<b>a\\xff.csv</b>" in (folder / "data.html").read_text("utf-8")
    columns = json.loads((folder / "data.json").read_text("utf-8"))["columns"]
    assert columns[0]["file"].endswith("a\\xff.csv")


def test_command_ends_with_one_sentence_if_no_label_means_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", ["headline,section", "oil,energy", "gold,"])
    done = CliRunner().invoke(cli, ["check", str(file)])
    assert done.exit_code == 1
    assert "1 of 2 rows (50.0%) is bad" in done.stderr
    assert "use --outside '' if such rows are about none of the labels" in done.stderr


def test_files_without_any_label_are_not_advised_to_use_outside(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", ["headline,section", "oil,", "gold,"])
    done = CliRunner().invoke(cli, ["check", str(file)])
    assert "all 2 rows are bad (2 have no label); check that 'section' is the column with the labels." in done.stderr


def test_same_file_cannot_be_trained_and_tested_on(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", lines())
    done = CliRunner().invoke(cli, ["check", str(file), "--test", str(tmp_path / "." / "a.csv")])
    assert (done.exit_code, done.stderr) == (
        1,
        f"Error: {file}: is named twice; name each file once, to train on or to test on.\n",
    )


def test_label_whose_rows_are_all_alike_has_no_test_rows_and_the_report_says_so(tmp_path: Path) -> None:
    rows = [*lines(), *("the same story,copies" for _ in range(8))]
    table = read_rows([write(tmp_path / "a.csv", rows)], ReadingOptions(outside=("",)))
    assert "1 label (copies) has no test rows, so nothing is measured there." in check(table, split_rows(table)).notes


@pytest.mark.parametrize("label", ["unseen", ""])
def test_test_file_without_a_learned_label_is_what_to_correct(tmp_path: Path, label: str) -> None:
    options = ReadingOptions(outside=("",))
    outside = [f"nothing {i}," for i in range(8)]
    table = read_rows([write(tmp_path / "a.csv", [*lines(), *outside])], options)
    test = read_rows([write(tmp_path / "b.csv", ["text,label", f"a new story,{label}"])], options)
    found = check(table, split_rows(table, test), test).notes
    assert NOTHING_MEASURED["file"] in found
    assert not any("--test-share" in note or "no test rows" in note for note in found)


def test_rows_of_which_none_can_be_tested_need_more_texts(tmp_path: Path) -> None:
    table = read_rows([write(tmp_path / "a.csv", ["text,label", *(f"a story,{label}" for label in "ab" * 8)])])
    assert NOTHING_MEASURED["share"] in check(table, split_rows(table)).notes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("oil", "Latin"),
        ("Öl", "Latin"),
        ("123 - ?", "no letters"),
        ("… 123", "no letters"),
        ("нефть", "Cyrillic"),
        ("石油価格が上がる", "Japanese"),
        ("石油价格", "Han"),
        ("KT, 5G 새 요금제", "Hangul"),
        ("ราคาน้ำมัน", "Thai"),
    ],
)
def test_script_is_that_of_most_letters(text: str, name: str) -> None:
    assert script(text) == name


def test_wide_characters_are_cut_by_their_columns() -> None:
    assert cut("환율 급등", 6) == "환율…"


@pytest.mark.parametrize("character", ["x", "환", "\u0301", "\x1b"])
def test_time_to_cut_does_not_depend_on_the_length_of_the_text(monkeypatch: pytest.MonkeyPatch, character: str) -> None:
    looked_at = []
    monkeypatch.setattr(terminal, "columns", lambda text: looked_at.append(len(text)) or columns(text))
    shown = cut(f"oil {character * 10_000}", 40)
    assert shown.startswith("oil")
    assert shown.endswith("…")
    assert columns(shown) <= 40
    assert sum(looked_at) < 1_000


@pytest.mark.parametrize("text", ["oil price", "환율 급등", "e\u0301te\u0301 la"])
def test_text_is_cut_where_its_columns_end(text: str) -> None:
    assert cut(text, columns(text)) == text
    assert columns(cut(text, columns(text) - 1)) <= columns(text) - 1


def test_examples_are_not_longer_than_a_page_needs(tmp_path: Path) -> None:
    rows = [f"{'story ' * 1_000}{i},{label}" for label in ("sport", "money") for i in (*range(5), 0)]
    table = read_rows([write(tmp_path / "a.csv", ["headline,section", *rows])])
    report = check(table, split_rows(table))
    examples = [*report.labels[0].examples, *report.exact.largest[0].texts]
    assert {len(example) for example in examples} == {MAX_EXAMPLE_CHARACTERS + 1}
    assert len(data_page(report)) < 100_000
