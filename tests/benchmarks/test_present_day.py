"""Figures for labelled present-day headlines, and the page made of them."""

import json
from pathlib import Path

import pytest

from app.classifier import load_classifier
from benchmarks.machine import MeasurementError
from benchmarks.present_day import FIGURES, PAGE, markdown, measure, read
from tests.tiny_bundle import write_outside_bundle

LINES = """biz\tcrude|ship\tOil prices rise as OPEC agrees to cut crude output
biz\tgold\tOil prices rise as OPEC agrees to cut crude output
biz\tnone\tSingers meet in a stadium
biz\tearn|none\tCompany reports profit
gen\tcrude\tqwertyuiop zxcvbnm asdfghjkl
"""


@pytest.fixture
def figures(tmp_path: Path, tiny_bundle: Path) -> dict:
    (tmp_path / "headlines.tsv").write_text(LINES, "utf-8")
    return measure(load_classifier(tiny_bundle), read(tmp_path / "headlines.tsv"))


def test_each_kind_is_counted_and_then_all(figures: dict):
    business, general, total = figures["rows"]
    assert business["kind"] == "business, 2018 to 2020"
    assert [business[name] for name in ("headlines", "with_topic", "without_topic")] == [4, 2, 1]
    assert [general[name] for name in ("headlines", "with_topic", "many_unknown")] == [1, 1, 1]
    assert [total[name] for name in ("headlines", "with_topic", "without_topic")] == [5, 3, 1]


def test_right_is_one_of_the_acceptable_topics_and_no_answer_is_wrong(tmp_path: Path, tiny_bundle: Path):
    classifier = load_classifier(tiny_bundle)
    text = "Oil prices rise"
    [answer] = classifier.classify([text], 1)
    best = classifier.topics[answer.labels[0]].code
    other = next(topic.code for topic in classifier.topics if topic.code != best)
    rows = [f"biz\t{other}|{best}\t{text}", f"biz\t{other}\t{text}", "gen\tcrude\tqwertyuiop"]
    (tmp_path / "headlines.tsv").write_text("\n".join(rows), "utf-8")
    business, general, _ = measure(classifier, read(tmp_path / "headlines.tsv"))["rows"]
    assert business["right"] == 0.5
    assert business["ece"] == pytest.approx(abs(1 - 2 * answer.probabilities[0]) / 2, abs=1e-4)
    assert general["right"] == 0.0


def test_outside_is_right_where_none_is_acceptable(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    texts = {"Election storm": "none", "Film court": "crude", "Oil barrel opec": "crude", "Cocoa beans": "none|earn"}
    (tmp_path / "headlines.tsv").write_text("\n".join(f"biz\t{code}\t{text}" for text, code in texts.items()), "utf-8")
    [business, _] = measure(classifier, read(tmp_path / "headlines.tsv"))["rows"]
    assert [business[name] for name in ("right_over_all", "lost", "found")] == [0.5, 0.5, 1.0]
    assert business["auroc"] in {0.5, 0.75, 1.0}


def test_page_has_the_rates_of_other_thresholds(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    (tmp_path / "headlines.tsv").write_text("biz\tnone\tElection storm\nbiz\tcrude\tOil barrel opec", "utf-8")
    page = markdown(measure(classifier, read(tmp_path / "headlines.tsv")))
    assert f"the threshold of the bundle is {classifier.outside_threshold:.2f}." in page
    assert "| 0.5 | 0% | 100% | 100% |" in page


def test_headlines_of_one_group_have_no_rates_of_the_other(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    (tmp_path / "headlines.tsv").write_text("biz\tnone\tElection storm", "utf-8")
    assert "| 0.5 | - | 100% | 100% |" in markdown(measure(classifier, read(tmp_path / "headlines.tsv")))


def test_page_of_a_bundle_without_an_outside_class_has_no_thresholds(figures: dict):
    assert "threshold" not in markdown(figures)


def test_page_says_how_many_headlines_have_unknown_words(figures: dict):
    assert "Of the 1 headlines about one of the topics that have 3 or more unknown words, 0% are right." in markdown(
        figures
    )
    figures["rows"][-1] |= {"many_unknown": 0, "many_unknown_right": None}
    assert "There are no headlines about one of the topics that have 3 or more unknown words.\n" in markdown(figures)


def test_line_of_another_form_is_named(tmp_path: Path):
    (tmp_path / "headlines.tsv").write_text("biz\tcrude\tOil\nOil\n", "utf-8")
    with pytest.raises(MeasurementError, match="line 2 is not kind, codes and headline"):
        read(tmp_path / "headlines.tsv")


def test_committed_page_is_made_of_the_committed_figures():
    assert PAGE.read_text("utf-8") == markdown(json.loads(FIGURES.read_text("utf-8")))
