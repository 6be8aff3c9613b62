"""Figures for labelled present-day headlines."""

from pathlib import Path

import pytest

from app.classifier import load_classifier
from tests.tiny_bundle import write_outside_bundle
from training.evaluation.present_day.figures import measure_headlines
from training.evaluation.present_day.headlines import read_headlines


def test_each_kind_is_counted_and_then_all(figures: dict):
    business, general, total = figures["rows"]
    assert business["kind"] == "business, 2018 to 2020"
    assert [business[name] for name in ("headlines", "with_topic", "without_topic")] == [4, 2, 1]
    assert [general[name] for name in ("headlines", "with_topic", "many_unknown")] == [1, 1, 1]
    assert [total[name] for name in ("headlines", "with_topic", "without_topic")] == [5, 3, 1]
    assert (general["lost"], general["found"]) == (1.0, None)  # one headline, about a topic, without a known word


def test_right_is_one_of_the_acceptable_topics_and_no_answer_is_wrong(tmp_path: Path, tiny_bundle: Path):
    classifier = load_classifier(tiny_bundle)
    text = "Oil prices rise"
    [answer] = classifier.classify([text], 1)
    best = classifier.topics[answer.labels[0]].code
    other = next(topic.code for topic in classifier.topics if topic.code != best)
    rows = [f"biz\t{other}|{best}\t{text}", f"biz\t{other}\t{text}", "gen\tcrude\tqwertyuiop"]
    (tmp_path / "headlines.tsv").write_text("\n".join(rows), "utf-8")
    business, general, _ = measure_headlines(classifier, read_headlines(tmp_path / "headlines.tsv"))["rows"]
    assert business["right"] == 0.5
    assert business["ece"] == pytest.approx(abs(1 - 2 * answer.probabilities[0]) / 2, abs=1e-4)
    assert general["right"] == 0.0


def test_outside_is_right_where_none_is_acceptable(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    texts = {"Election storm": "none", "Film court": "crude", "Oil barrel opec": "crude", "Cocoa beans": "none|earn"}
    (tmp_path / "headlines.tsv").write_text("\n".join(f"biz\t{code}\t{text}" for text, code in texts.items()), "utf-8")
    [business, _] = measure_headlines(classifier, read_headlines(tmp_path / "headlines.tsv"))["rows"]
    assert [business[name] for name in ("right_over_all", "lost", "found")] == [0.5, 0.5, 1.0]
    assert business["auroc"] in {0.5, 0.75, 1.0}
