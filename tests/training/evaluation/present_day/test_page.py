"""The page of figures on present-day headlines."""

import json
from pathlib import Path

from click.testing import CliRunner

from app.classifier import load_classifier
from tests.server import ROOT
from tests.tiny_bundle import write_outside_bundle
from training.cli import cli
from training.evaluation.present_day.figures import measure_headlines
from training.evaluation.present_day.headlines import read_headlines
from training.evaluation.present_day.page import markdown

FOLDER = ROOT / "docs" / "headlines"


def test_page_has_the_rates_of_other_thresholds(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    (tmp_path / "headlines.tsv").write_text("biz\tnone\tElection storm\nbiz\tcrude\tOil barrel opec", "utf-8")
    page = markdown(measure_headlines(classifier, read_headlines(tmp_path / "headlines.tsv")))
    assert f"The default is the threshold of the bundle, {classifier.outside_threshold:.2f}:" in page
    assert "| 0.5 | 0% | 100% | 100% |" in page


def test_rates_of_the_default_threshold_are_in_order_between_those_of_the_others(figures: dict):
    figures["thresholds"] = [
        {"threshold": threshold, "lost": lost, "found": 0.5, "right_over_all": 0.25}
        for threshold, lost in ((0.5, 0.75), (0.9, 0.0))
    ]
    figures |= {"threshold": 0.77}
    figures["rows"][-1] |= {"lost": 0.125, "found": 0.5, "right_over_all": 0.75}
    assert markdown(figures).splitlines()[-3:] == [
        "| 0.5 | 75% | 50% | 25% |",
        "| 0.77 (default) | 12% | 50% | 75% |",
        "| 0.9 | 0% | 50% | 25% |",
    ]


def test_headlines_of_one_group_have_no_rates_of_the_other(tmp_path: Path):
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    (tmp_path / "headlines.tsv").write_text("biz\tnone\tElection storm", "utf-8")
    assert "| 0.5 | - | 100% | 100% |" in markdown(
        measure_headlines(classifier, read_headlines(tmp_path / "headlines.tsv"))
    )


def test_page_of_a_bundle_without_an_outside_class_has_no_thresholds(figures: dict):
    assert "threshold" not in markdown(figures)


def test_page_says_how_many_headlines_have_unknown_words(figures: dict):
    assert "Of the 1 headlines about one of the topics that have 3 or more unknown words, 0% are right." in markdown(
        figures
    )
    figures["rows"][-1] |= {"many_unknown": 0, "many_unknown_right": None}
    assert "There are no headlines about one of the topics that have 3 or more unknown words.\n" in markdown(figures)


def test_committed_page_is_made_of_the_committed_figures():
    figures = json.loads((FOLDER / "present_day.json").read_text("utf-8"))
    assert (FOLDER / "present_day.md").read_text("utf-8") == markdown(figures)


def test_command_writes_the_page_and_its_figures(tmp_path: Path):
    bundle = write_outside_bundle(tmp_path / "bundle")
    (file := tmp_path / "headlines.tsv").write_text("biz\tnone\tElection storm\nbiz\tcrude\tOil barrel opec", "utf-8")
    command = ["present-day", str(file), "--bundle", str(bundle), "--output", str(tmp_path / "docs")]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "docs" / "present_day.json").read_text("utf-8"))
    assert figures["rows"][-1]["headlines"] == 2
    assert (tmp_path / "docs" / "present_day.md").read_text("utf-8") == markdown(figures) == done.stdout[:-1]
