"""Texts to label next: uncertain, different from each other, and better than a random choice."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from app.classifier import load_classifier
from tests.any_bundles import write
from training.errors import ColumnError, OutputError, TableError
from training.fit.command import fit_rows
from training.fit.insights import to_label as module
from training.fit.insights.active_learning import choose_texts, uncertainty
from training.fit.sizes import recipe_for
from training.fit.training_rows import tokenize_rows
from training.headlines.train import TrainedModel
from training.headlines.vocabulary import build_encoder
from training.labelled.options import DataOptions
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.rows import LabelledRow
from training.labelled.unlabelled import read_unlabelled


def test_uncertainty_is_high_where_two_labels_are_equally_probable() -> None:
    rows = np.array([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [1.0, 0.0, 0.0]], np.float32)
    assert uncertainty(rows).tolist() == pytest.approx([1.0, 0.15, 0.0])


def test_text_of_several_labels_is_as_uncertain_as_its_least_certain_label() -> None:
    rows = np.array([[0.9, 0.8, 0.0], [0.1, 0.5, 0.9], [0.0, 1.0, 1.0]], np.float32)
    assert uncertainty(rows, multi_label=True).tolist() == pytest.approx([0.4, 1.0, 0.0])


def test_chosen_texts_are_uncertain_and_of_different_groups() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(4, dtype=np.float32), 25, axis=0) + rng.normal(0, 0.01, (100, 4)).astype(np.float32)
    first = np.full(100, 0.95, np.float32)
    unsure = [i for group in range(4) for i in range(25 * group, 25 * group + 10)]
    first[unsure] = 0.55
    first[:10] = 0.5  # by uncertainty alone, all would be of the first group
    chosen = choose_texts(uncertainty(np.stack([first, 1 - first], axis=1)), vectors, 4, 1).tolist()
    assert sorted(place // 25 for place in chosen) == [0, 1, 2, 3]
    assert set(chosen) <= set(unsure)


def test_fewer_texts_than_asked_for_are_all_chosen() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    assert choose_texts(uncertainty(probabilities), np.zeros((2, 3), np.float32), 5, 1).tolist() == [1, 0]


def test_equal_vectors_are_one_group() -> None:
    probabilities = np.full((50, 2), 0.5, np.float32)
    assert len(choose_texts(uncertainty(probabilities), np.ones((50, 3), np.float32), 5, 1)) == 1


def test_texts_that_are_left_out_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHOSEN", 4)
    labelled = [LabelledRow(f"word{i} here", (f"t{i}",), "a.csv", i + 2) for i in range(4)]
    samples = tokenize_rows(labelled * 5, [f"t{i}" for i in range(4)]).samples
    encoder, _ = build_encoder(recipe_for(20, 4), samples, (), 4)
    learned = SimpleNamespace(
        encoder=encoder, layers=[SimpleNamespace(kernel=np.eye(encoder.spec.size, dtype=np.float32))]
    )
    texts = ["word1 here", "word2", "WORD2", "word3", "zz", "yy", "xx"]
    rows = [LabelledRow(text, (), "new.txt", number) for number, text in enumerate(texts, start=1)]
    found = module.to_label(
        load_classifier(write(tmp_path / "four", "four")),
        cast("TrainedModel", learned),
        rows,
        labelled,
        columns=(("text",), "label"),
        seed=1,
    )
    left_out = "left out: 2 duplicates, 1 text with the features of a chosen one"
    assert found.summary(7, 0) == f"the 3 of 7 texts to label next; {left_out}."
    assert found.summary(7, 4) == f"the 3 of 7 texts to label next; {left_out}, 4 bad rows."
    assert len(found.content.splitlines()) == found.chosen + 1 == 4


def test_text_of_several_columns_is_in_the_first_of_them(tmp_path: Path) -> None:
    labelled = [LabelledRow(f"word{i} here", (f"t{i}",), "a.csv", i + 2) for i in range(4)]
    encoder, _ = build_encoder(
        recipe_for(20, 4), tokenize_rows(labelled * 5, [f"t{i}" for i in range(4)]).samples, (), 4
    )
    kernel = np.eye(encoder.spec.size, dtype=np.float32)
    model = cast("TrainedModel", SimpleNamespace(encoder=encoder, layers=[SimpleNamespace(kernel=kernel)]))
    classifier = load_classifier(write(tmp_path / "four", "four"))
    rows = [LabelledRow(text, (), "new.csv", number) for number, text in enumerate(("word1 word2", "word3"), start=2)]
    content = module.to_label(classifier, model, rows, labelled, columns=(("Subject", "Body"), "Queue"), seed=1).content
    assert content.startswith(b"Subject,Body,Queue,guess,")
    (tmp_path / "1.to_label.csv").write_bytes(content.replace(b",,,", b",,a,"))
    read = read_rows([tmp_path / "1.to_label.csv"], ReadingOptions(text=("Subject", "Body"), label="Queue"))
    assert sorted((row.text, *row.labels) for row in read.rows) == [("word1 word2", "a"), ("word3", "a")]


@pytest.mark.parametrize("given", [ReadingOptions(text=("2",), label="1"), ReadingOptions()])
def test_texts_to_label_are_read_with_the_rows_without_a_header(tmp_path: Path, given: ReadingOptions) -> None:
    (tmp_path / "rows.csv").write_text("metals,gold falls\nenergy,oil rises\n" * 3)
    guesses = "metals,0.5,energy,0.4,new.txt,1"
    (tmp_path / "1.to_label.csv").write_text(f"2,1,{','.join(module.MORE_COLUMNS)}\ngas is dear,energy,{guesses}\n")
    read = read_rows([tmp_path / "rows.csv", tmp_path / "1.to_label.csv"], replace(given, no_header=True))
    assert [(row.text, row.labels, row.number) for row in read.rows[6:]] == [("gas is dear", ("energy",), 2)]
    assert (len(read.rows), read.bad) == (7, 0)
    with_times = read_rows([tmp_path / "1.to_label.csv"], replace(given, no_header=True, time="3"))
    assert [row.time for row in with_times.rows] == [None]
    (tmp_path / "1.to_label.csv").write_text(f"2,1,{','.join(module.MORE_COLUMNS)}\ngas is dear,,{guesses}\n")
    with pytest.raises(TableError, match="1 has no label yet"):
        read_rows([tmp_path / "1.to_label.csv"], replace(given, no_header=True, outside=("other",)))


def test_lines_and_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.csv").write_text("id,headline\n1,three\n")
    (tmp_path / "c.jsonl").write_text('{"headline": "four"}\n')
    rows, bad = read_unlabelled([tmp_path / name for name in ("a.txt", "b.csv", "c.jsonl")], ["headline"])
    assert [(row.text, row.number, row.labels) for row in rows] == [
        *[("one", 1, ()), ("two", 3, ())],
        *[("three", 2, ()), ("four", 1, ())],
    ]
    assert bad == 1


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
def test_tables_without_a_header_are_read_by_number(tmp_path: Path, name: str, separator: str) -> None:
    (tmp_path / name).write_text(f"\n1{separator}one\n2{separator}two\n")
    rows, bad = read_unlabelled([tmp_path / name], ["2"], no_header=True)
    assert ([(row.text, row.number) for row in rows], bad) == ([("one", 2), ("two", 3)], 0)
    with pytest.raises(ColumnError, match="no column '3'; it has: 1, 2; texts to label must be in a column '3', as in"):
        read_unlabelled([tmp_path / name], ["3"], no_header=True)


def test_other_formats_are_read_as_ever_with_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "c.jsonl").write_text('{"2": "two"}\n')
    rows, _ = read_unlabelled([tmp_path / "a.txt", tmp_path / "c.jsonl"], ["2"], no_header=True)
    assert [row.text for row in rows] == ["one", "two"]


def test_table_without_the_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("id,title\n1,three\n")
    with pytest.raises(ColumnError, match="must be in a column 'headline', as in the training rows") as caught:
        read_unlabelled([tmp_path / "b.csv"], ["headline"])
    assert "--column" not in str(caught.value)  # no option of `fit`


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n")
    with pytest.raises(TableError, match="there is no text to label"):
        read_unlabelled([tmp_path / "a.txt"], ["headline"])


def test_file_whose_rows_are_all_bad_is_to_be_corrected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "oil"}\n')
    with pytest.raises(TableError, match=r"has no field 'headline' \(it has 'title'\)\); correct the rows\.$"):
        read_unlabelled([tmp_path / "a.jsonl"], ["headline"])
    (tmp_path / "a.csv").write_text("\n")
    with pytest.raises(TableError, match=r"a\.csv: is empty; add texts\.$"):
        read_unlabelled([tmp_path / "a.csv"], ["2"], no_header=True)


def test_file_that_was_being_labelled_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "1.to_label.csv").write_text("precious")
    data = DataOptions(
        text=(),
        label=None,
        label_separator=None,
        outside=(),
        no_header=False,
        most_bad=0,
        files=(),
        test_files=(),
        test_share=0.1,
        min_rows=5,
        seed=1,
    )
    with pytest.raises(OutputError, match="exists already; move it"):
        fit_rows(data, tmp_path / "1", force=False, unlabelled=[tmp_path / "a.txt"])
    assert (tmp_path / "1.to_label.csv").read_text() == "precious"
    (tmp_path / "1.suspects.csv").mkdir()
    with pytest.raises(OutputError, match=r"1\.suspects\.csv: is a folder"):
        fit_rows(data, tmp_path / "1", force=True)
