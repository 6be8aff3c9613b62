"""`evaluate --test`: any bundle on labelled rows, alone and against another."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.classifier import load_classifier
from tests.any_bundles import write
from tests.tiny_bundle import write_any_bundle, write_outside_bundle
from training.cli import cli
from training.evaluation.labelled_rows import evaluate_rows
from training.labelled.rows import LabelledRow

ROWS = ["word0,t0", "word0 word0,t0", "word1,t1", "word2,t0", "word2,t1", "word3,t3"]


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


def table(folder: Path, rows: Sequence[str] = ROWS, name: str = "rows.csv") -> Path:
    (file := folder / name).write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bundles") / "four", "four")


def test_any_bundle_is_measured_on_the_rows_of_a_file(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path))
    assert result.exit_code == 0, result.output
    assert "On 6 rows with a label of the bundle" in result.stdout
    assert "accuracy                      0.6667" in result.stdout
    assert "  t0 predicted as t2: 1\n    word2\n" in result.stdout
    assert result.stderr == ""


def test_labels_without_a_row_and_an_answer_are_counted_and_not_listed(four: Path, tmp_path: Path) -> None:
    lines = evaluate(
        four, "--test", table(tmp_path, [row for row in ROWS if row.endswith(("t0", "t1"))])
    ).stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("t")] == ["t0", "t1", "t2"]  # t2 is an answer
    assert "1 other label of the bundle: in no row and never predicted." in lines


def test_json_has_every_figure_and_the_confusion_matrix(four: Path, tmp_path: Path) -> None:
    figures = json.loads(evaluate(four, "--test", table(tmp_path), "--json").stdout)
    assert figures["topics"] == ["t0", "t1", "t2", "t3"]
    assert figures["test"]["confusion"][0] == [2, 0, 1, 0]
    assert figures["test"]["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0 + 1) / 4)
    assert figures["confusions"][0]["examples"] == ["word2"]
    assert (figures["outside"], figures["unknown_labels"]) == (None, {})


def test_label_that_the_bundle_does_not_have_is_counted_and_said(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word1,new", "word2,new"]))
    assert "2 rows left out, with labels that the bundle does not have: 'new'." in result.stderr
    assert "On 6 rows" in result.stdout


def test_bad_rows_are_counted_and_the_first_is_shown(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, ",t0"]), "--most-bad", "0.5")
    assert "1 bad row left out (1 has no text); the first: " in result.stderr
    assert "rows.csv:8" in result.stderr


def test_file_of_other_labels_is_refused_with_the_labels_of_the_bundle(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path, ["a,x", "b,y"]))
    assert result.exit_code == 1
    labels = "('t0', 't1', 't2', 't3'), but 'x', 'y'"
    assert f"rows.csv: no row has a label of support-requests/1 {labels}; check the file" in result.stderr


def test_file_whose_rows_are_all_about_none_of_the_labels_is_refused(outside: Path, tmp_path: Path) -> None:
    result = evaluate(outside, "--test", table(tmp_path, ["cinema film,other"]), "--outside", "other")
    assert result.exit_code == 1
    assert re.search(r"rows\.csv: no row has a label of tiny/1 \([^)]*\); check the file", result.stderr)


def test_rows_are_read_with_the_options_of_check(four: Path, tmp_path: Path) -> None:
    (file := tmp_path / "rows.csv").write_text("t0|t1,word1 word1 word1\nt1,word1 again today\n")
    options = ["--no-header", "--text", "2", "--label", "1", "--label-separator", "|"]
    result = evaluate(four, "--test", file, *options)
    assert "accuracy                      0.5000" in result.stdout
    assert "accuracy, any label           1.0000" in result.stdout


def test_bundle_of_other_labels_needs_a_file(four: Path) -> None:
    result = evaluate(four)
    assert result.exit_code == 1
    assert "its labels are not the 46 Reuters topics; use --test FILE" in result.stderr


def test_options_for_reading_without_a_file_are_refused(four: Path) -> None:
    result = evaluate(four, "--text", "headline")
    assert result.exit_code == 2
    assert "apply to --test" in result.stderr


def test_outside_class_is_measured_on_rows_about_none_of_the_labels(tmp_path: Path) -> None:
    classifier = load_classifier(write_outside_bundle(tmp_path / "outside"))
    texts = [("oil prices", ("crude",)), ("gold mine", ("gold",)), ("football match", ()), ("cinema film", ())]
    rows = [LabelledRow(text, labels, "rows.csv", number) for number, (text, labels) in enumerate(texts)]
    measured = evaluate_rows(classifier, rows)
    assert measured.outside is not None
    assert (measured.outside["with_topic"], measured.outside["without"]) == (2, 2)
    assert measured.evaluation.texts == 2


def test_report_has_the_rates_at_several_thresholds_and_at_the_bundles_own(outside: Path, tmp_path: Path) -> None:
    file = table(tmp_path, ["football match,other", "cinema film,other", "oil prices,crude"])
    result = evaluate(outside, "--test", file, "--outside", "other")
    lines = result.stdout.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("threshold "))
    assert lines[start] == "threshold   false positive rate   true positive rate"
    rows = [line.split() for line in lines[start + 1 : lines.index("", start)]]
    own = load_classifier(outside).outside_threshold
    assert sorted(float(row[0]) for row in rows) == sorted({0.5, 0.6, 0.7, 0.8, 0.9, round(own, 4)})
    assert [row[:3] for row in rows if len(row) > 3] == [[f"{own:.4f}", "0.0%", "100.0%"]]
    figures = json.loads(evaluate(outside, "--test", file, "--outside", "other", "--json").stdout)["outside"]
    scores = [one.outside or 0 for one in load_classifier(outside).classify(["football match", "cinema film"])]
    for row in figures["thresholds"]:
        assert row["found"] == sum(score > row["threshold"] for score in scores) / 2


def test_bundles_with_different_labels_are_compared(four: Path, tmp_path: Path) -> None:
    other = write_any_bundle(tmp_path / "other", {f"t{i}": (f"T{i}", f"word{i}") for i in (3, 1, 5)}, name="other")
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word5,t5", "word1,x"]), "--against", other)
    assert result.exit_code == 0, result.output
    assert "On 7 rows, support-requests/1 against other/1:" in result.stdout
    assert "| support-requests/1 right | 2 | 2 |" in result.stdout
    assert "| worse | word5 | t5 |" in result.stdout
    assert "1 row left out" in result.stderr
    assert "1 row under labels that support-requests/1 does not have ('t5'): its answers to them" in result.stderr
    assert "3 rows under labels that other/1 does not have ('t0'): its answers to them count as wrong." in result.stderr


def test_bundle_that_has_no_label_of_the_rows_is_not_compared(four: Path, tmp_path: Path) -> None:
    other = write_any_bundle(tmp_path / "other", {f"x{i}": (f"X{i}", f"word{i}") for i in range(3)}, name="other")
    for bundle, against in ((four, other), (other, four)):
        result = evaluate(bundle, "--test", table(tmp_path), "--against", against)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "rows.csv: no row has a label of other/1 ('x0', 'x1', 'x2'), but 't" in result.stderr


def test_bundle_against_itself_is_noted(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path), "--against", four)
    assert result.stderr == "Both bundles are the same (their digests are equal); name another one with --against.\n"


def test_worst_twenty_differences_are_printed_and_the_rest_is_named(four: Path, tmp_path: Path) -> None:
    other = write_any_bundle(tmp_path / "other", {f"t{i}": (f"T{i}", f"word{3 - i}") for i in range(4)}, name="other")
    rows = [f"word0 {'x' * (i + 1)},t{0 if i < 5 else 3}" for i in range(30)]
    result = evaluate(four, "--test", file := table(tmp_path, rows), "--against", other)
    assert "30 different answers, of which these are the 20 worst (--json lists all):" in result.stdout
    assert result.stdout.count("\n| worse |") == 20
    assert "| better |" not in result.stdout
    figures = json.loads(evaluate(four, "--test", file, "--against", other, "--json").stdout)
    assert len(figures["changes"]) == 30


def test_bundles_that_answer_alike_have_no_empty_table(four: Path, tmp_path: Path) -> None:
    same = write(tmp_path / "same", "four")
    result = evaluate(four, "--test", table(tmp_path), "--against", same)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("\n\nBoth give the same answer to every text.\n")
    assert "| text |" not in result.stdout


def test_comparison_has_macro_f1_and_calibration_error_of_both(four: Path, tmp_path: Path) -> None:
    other = write_any_bundle(tmp_path / "other", {f"t{i}": (f"T{i}", f"word{3 - i}") for i in range(4)}, name="other")
    result = evaluate(four, "--test", file := table(tmp_path), "--against", other)
    figures = [json.loads(evaluate(one, "--test", file, "--json").stdout)["test"] for one in (four, other)]
    one, two = (f"{figure['macro_f1']:.3f}" for figure in figures)
    assert f"Macro-F1: support-requests/1 {one}; other/1 {two}." in result.stdout
    one, two = (f"{figure['ece']:.3f}" for figure in figures)
    assert f"Calibration error: support-requests/1 {one}; other/1 {two}." in result.stdout


OUTSIDE_ROWS = ["oil prices,crude", "gold mine,gold", "football match,other", "cinema film,", "oil film cinema,crude"]


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_outside_bundle(tmp_path_factory.mktemp("bundles") / "outside")


@pytest.fixture(scope="module")
def never(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same bundle, but it marks no text as `outside`."""
    return write_outside_bundle(tmp_path_factory.mktemp("bundles") / "never", threshold=0.9999)


def test_rows_about_none_of_the_labels_are_compared(outside: Path, never: Path, tmp_path: Path) -> None:
    file = table(tmp_path, OUTSIDE_ROWS)
    result = evaluate(outside, "--test", file, "--outside", "other", "--against", never)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"On 5 rows (2 of them about none of the labels), {outside} against {never}:")
    assert f"| {outside} right | 2 | 2 |" in result.stdout
    assert "| better | football match | (outside) | " in result.stdout
    assert "| worse | oil film cinema | crude | crude " in result.stdout
    assert "Macro-F1 and calibration error are those of the rows with a label." in result.stdout
    figures = json.loads(evaluate(outside, "--test", file, "--outside", "other", "--against", never, "--json").stdout)
    assert (figures["outside"], figures["better"], figures["worse"]) == (2, 2, 1)
    assert result.stderr == ""


def test_label_that_outside_names_is_the_same_answer_as_outside(outside: Path, tmp_path: Path) -> None:
    labels = {"crude": ("Crude", "oil"), "gold": ("Gold", "gold"), "other": ("Other", "football")}
    before = write_any_bundle(tmp_path / "before", labels, name="before")
    file = table(tmp_path, OUTSIDE_ROWS[:3])
    result = evaluate(outside, "--test", file, "--outside", "other", "--against", before)
    assert result.stdout.startswith("On 3 rows (1 of them about none of the labels), tiny/1 against before/1:")
    assert "| tiny/1 right | 3 | 0 |" in result.stdout
    assert "Both give the same answer to every text." in result.stdout


def test_without_such_rows_the_most_probable_labels_are_compared(outside: Path, never: Path, tmp_path: Path) -> None:
    file = table(tmp_path, [*OUTSIDE_ROWS[:2], OUTSIDE_ROWS[4]])
    result = evaluate(outside, "--test", file, "--against", never)
    assert "Both give the same answer to every text." in result.stdout
    assert "Macro-F1 and" not in result.stdout


def test_rows_without_a_label_are_left_out_aloud_if_no_bundle_has_the_class(four: Path, tmp_path: Path) -> None:
    same = write(tmp_path / "same", "four")
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word1,other"]), "--outside", "other", "--against", same)
    assert result.stdout.startswith("On 6 rows, ")
    left_out = "1 row about none of the labels left out, because neither bundle has an outside class."
    assert result.stderr.splitlines()[0] == left_out  # then a note, if both files were written in the same second
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word1,other"]), "--outside", "other")
    assert result.stdout.startswith("On 6 rows ")
    assert result.stderr == "1 row about none of the labels left out, because the bundle has no outside class.\n"


def test_labels_of_measured_rows_that_the_bundle_does_not_have_are_named(four: Path, tmp_path: Path) -> None:
    rows = [f"{ROWS[0]};other", f"{ROWS[1]};another", *ROWS[2:]]
    result = evaluate(four, "--test", table(tmp_path, rows), "--label-separator", ";")
    assert result.stdout.startswith("On 6 rows ")
    assert result.stderr == "2 rows measured without the labels that the bundle does not have: 'another', 'other'.\n"


def test_row_with_several_labels_that_the_bundle_does_not_have_is_counted_once(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word1,other;another"]), "--label-separator", ";")
    assert result.stderr.startswith("1 row left out, with labels that the bundle does not have: 'other', 'another'.")


def test_answer_without_a_label_is_as_sure_as_its_most_probable_label_is_improbable(four: Path, tmp_path: Path) -> None:
    several = write(tmp_path / "several", "several")
    result = evaluate(several, "--test", table(tmp_path, [*ROWS, "word9,t0"]), "--against", four)
    assert "| (none) 98% |" in result.stdout


def test_rows_that_the_service_does_not_answer_are_counted(four: Path, tmp_path: Path) -> None:
    rows = table(tmp_path, [*ROWS, "word9,t0", "word8 word7,t1"])
    sentence = "without a word that support-requests/1 knows: the service answers no_known_words"
    assert f"2 rows {sentence}" in evaluate(four, "--test", rows).stderr
    assert evaluate(four, "--test", rows, "--against", four).stderr.count(sentence) == 2


def test_examples_of_a_confusion_are_different_texts(four: Path, tmp_path: Path) -> None:
    result = evaluate(four, "--test", table(tmp_path, [*ROWS, "word2,t0", "word2 word2,t0"]))
    assert "  t0 predicted as t2: 3\n    word2\n    word2 word2\n" in result.stdout
