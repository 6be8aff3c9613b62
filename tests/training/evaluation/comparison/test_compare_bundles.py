from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from tests.tiny_bundle import write_any_bundle
from training.data.corpus import Wire
from training.evaluation.comparison.compare_bundles import Answers, compare_answers, compare_on_titles
from training.evaluation.comparison.report import against_report

CODES = ("a", "b", "c")


def answers(*labels: int) -> Answers:
    rows = np.full((len(labels), 3), 0.1, np.float32)
    rows[np.arange(len(labels)), labels] = 0.8
    return Answers.of(rows)


TEXTS = [f"headline {i}" for i in range(8)]
LABELS = np.zeros(8, int)
BEFORE = answers(0, 0, 1, 1, 1, 1, 1, 0)
AFTER = answers(0, 1, 0, 0, 0, 2, 1, 0)


def test_changes_are_counted_by_direction() -> None:
    found = compare_answers(TEXTS, LABELS, BEFORE, AFTER, CODES)
    assert (found.both_right, found.better, found.worse, found.both_wrong) == (2, 3, 1, 2)
    assert [(one.text, one.direction) for one in found.changes] == [
        *[(f"headline {i}", "better") for i in (2, 3, 4)],
        *[("headline 1", "worse"), ("headline 5", "still wrong")],
    ]


@pytest.mark.parametrize(
    ("better", "said"),
    [
        (5, "p = 0.062, so the difference may be due to chance."),
        (6, "p = 0.031, so chance alone rarely makes such a difference."),
    ],
)
def test_report_says_whether_the_difference_may_be_chance(better: int, said: str) -> None:
    wrong, right = answers(*[1] * better), answers(*[0] * better)
    comparison = compare_answers(TEXTS[:better], LABELS[:better], wrong, right, CODES)
    assert said in against_report(comparison, "old/1", "new/1")


def test_p_value_is_the_one_worked_out_by_hand() -> None:
    # 3 of 4 changes for the better: two-sided, 2 * (C(4,3) + C(4,4)) / 2**4
    assert compare_answers(TEXTS, LABELS, BEFORE, AFTER, CODES).p_value == pytest.approx(10 / 16)


def test_bundle_against_itself_changes_nothing() -> None:
    found = compare_answers(TEXTS, LABELS, AFTER, AFTER, CODES)
    assert (found.p_value, found.changes, found.better, found.worse) == (1.0, (), 0, 0)


def test_report_has_a_row_for_each_changed_headline() -> None:
    report = against_report(compare_answers(["x | y", *TEXTS[1:]], LABELS, AFTER, BEFORE, CODES), "old/1", "new/1")
    assert "| new/1 right | 2 | 1 |" in report
    assert "p = 0.62" in report
    assert report.count("\n| better |") == 1
    assert report.count("\n| worse |") == 3
    assert "| still wrong | headline 5 | a | c 80% | b 80% |" in report


def test_bars_in_labels_do_not_end_the_cells_of_the_report() -> None:
    report = against_report(compare_answers(TEXTS, LABELS, AFTER, BEFORE, ["a|b", "c", "d"]), "old/1", "new/1")
    assert r"| worse | headline 2 | a\|b | a\|b 80% | c 80% |" in report


def test_report_on_one_text_is_in_the_singular() -> None:
    comparison = compare_answers(TEXTS[:1], LABELS[:1], answers(0), answers(0), CODES)
    assert against_report(comparison, "old/1", "new/1").startswith("On 1 test title, new/1 against old/1:")


def test_titles_of_test_wires_are_compared_with_all_their_topics_by_a_multi_label_bundle(tmp_path: Path) -> None:
    topics = {f"t{number}": (f"T{number}", f"word{number}") for number in range(3)}
    several = {"format": 4, "multi_label": {"thresholds": [0.5] * 3}}
    one, all_of_them = (
        load_classifier(write_any_bundle(tmp_path / name, topics, name=name, **more))
        for name, more in (("one", {}), ("several", several))
    )
    corpus = [
        Wire(number, title, None, "", ("t0", "t1"), 0, (0, 1), split, number)  # type: ignore[arg-type]
        for number, (title, split) in enumerate([("word0 word1", "test"), ("word2", "train"), (None, "test")])
    ]
    found = compare_on_titles(one, all_of_them, corpus)
    assert (found.texts, found.better) == (1, 1)
    assert [change.topic for change in found.changes] == ["t0; t1"]
    found = compare_on_titles(one, one, corpus)
    assert (found.texts, found.both_right) == (1, 1)
