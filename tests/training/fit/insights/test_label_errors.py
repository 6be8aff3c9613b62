"""Labels that were flipped on purpose are found, and few others."""

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.classifier.inference.products import Floats
from tests.training.fit.insights.models import linear_models
from tests.training.fit.rows import codes, made_rows
from training.fit.insights import linear_models as module
from training.fit.insights.label_errors import wrong_label, wrong_members
from training.fit.insights.linear_models import LinearModels
from training.fit.insights.suspects import COLUMNS, MIN_LISTED, Suspects, suspects
from training.fit.training_rows import tokenize_rows
from training.labelled.rows import LabelledRow


def flipped(rows: list[LabelledRow], labels: int) -> tuple[list[LabelledRow], set[int]]:
    """The rows with every twentieth label replaced by the next one, and the places of these."""
    places = set(range(7, len(rows), 20))
    changed = list(rows)
    for i in places:
        number = int(rows[i].labels[0].removeprefix("label"))
        changed[i] = replace(rows[i], labels=(f"label{(number + 1) % labels}",))
    return changed, places


def listed(found: Suspects) -> list[int]:
    """Places of the listed rows, most probable first."""
    header, *lines = csv.reader(io.StringIO(found.content.decode()))
    assert tuple(header) == COLUMNS
    assert len(lines) == found.listed
    return [int(one[-1]) - 2 for one in lines]


def test_probability_is_that_of_bayes_rule_worked_out_by_hand() -> None:
    probabilities = np.array([[0.02, 0.9, 0.08], [0.5, 0.3, 0.2]], np.float32)
    # Wrong: 0.1 / 2 for each other label, 0.05 * 0.98 = 0.049; right: 0.9 * 0.02 = 0.018. The second: 0.025 and 0.45.
    assert wrong_label(probabilities, np.array([0, 0])) == pytest.approx([0.049 / 0.067, 0.025 / 0.475], abs=1e-6)


def test_label_of_few_rows_replaces_no_more_labels_than_rows_have_it() -> None:
    probabilities = np.array([[0.98, 0.02]] * 1_000, np.float32)
    labels = np.array([0] * 999 + [1])
    # A tenth of 1,000 labels cannot have become that of one row: a thousandth. 0.001 * 0.98 to 0.9 * 0.02.
    assert wrong_label(probabilities, labels)[-1] == pytest.approx(0.00098 / 0.01898, abs=1e-6)


def test_probability_of_a_label_that_a_row_has_or_has_not_is_worked_out_by_hand() -> None:
    members = np.array([[True, False], [False, False]])
    probabilities = np.array([[0.05, 0.05], [0.98, 0.5]], np.float32)
    # A quarter is given, so a thirtieth of the others is missing: odds of 0.1 / 0.9 and 1 / 29.
    given = 0.95 / 9 / (0.95 / 9 + 0.05)
    missing = [odds / (1 + odds) for odds in (0.05 / 0.95 / 29, 0.98 / 0.02 / 29, 1 / 29)]
    assert wrong_members(probabilities, members, 0.25).ravel() == pytest.approx([given, *missing], abs=1e-5)


def test_labels_of_all_rows_and_of_none_are_allowed() -> None:
    probabilities = np.array([[0, 1]], np.float32)
    assert wrong_members(probabilities, np.ones((1, 2), bool), 1.0).tolist() == [[1, 0]]
    assert wrong_members(probabilities, np.zeros((1, 2), bool), 0.0).tolist() == [[0, 0]]


def test_right_labels_are_left_alone() -> None:
    rows = made_rows(4, 50)
    found = suspects(linear_models(tokenize_rows(rows, codes(4))), rows)
    assert (found.listed, found.probable) == (0, 0)


def test_flipped_labels_are_found_with_the_right_one_as_likelier() -> None:
    rows, places = flipped(made_rows(5, 60), 5)
    found = suspects(linear_models(tokenize_rows(rows, codes(5))), rows)
    assert len(set(listed(found)[: found.probable]) & places) / found.probable > 0.9
    assert set(listed(found)) >= places
    assert found.probable / len(places) > 0.7
    original = made_rows(5, 60)
    _, *lines = csv.reader(io.StringIO(found.content.decode()))
    assert all(one[2] == original[int(one[-1]) - 2].labels[0] for one in lines if int(one[-1]) - 2 in places)
    own = [float(one[4]) for one in lines]
    assert own == sorted(own)


def test_file_has_the_probability_that_the_label_is_wrong() -> None:
    rows, _ = flipped(made_rows(5, 60, words=25), 5)
    models = linear_models(tokenize_rows(rows, codes(5)))
    found = suspects(models, rows)
    lines = list(csv.DictReader(io.StringIO(found.content.decode())))
    wrong = [float(one["wrong_probability"]) for one in lines]
    assert wrong == sorted(wrong, reverse=True)
    assert sum(one > 0.5 for one in wrong) == found.probable < found.listed
    computed = wrong_label(models.cross_fitted(), models.labels)
    assert wrong == pytest.approx([computed[int(one["line"]) - 2] for one in lines], abs=1e-4)


def test_rows_that_a_weak_model_answers_wrongly_are_not_all_listed() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(40)]
    rows = [LabelledRow(" ".join(rng.choice(words, 6)), (f"label{i % 4}",), "rows.csv", i + 2) for i in range(200)]
    models = linear_models(tokenize_rows(rows, codes(4)))
    found = suspects(models, rows)
    assert (models.cross_fitted().argmax(axis=1) != models.labels).mean() > 0.6
    assert found.listed == MIN_LISTED
    assert found.probable < 5


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows that each model so far has learned from."""
    rows_of_models: list[int] = []
    scores = LinearModels._scores

    def counted(self: LinearModels, rows: NDArray[np.intp], *args: Any) -> Floats:
        rows_of_models.append(len(rows))
        return scores(self, rows, *args)

    monkeypatch.setattr(LinearModels, "_scores", counted)
    return rows_of_models


def test_models_that_learn_from_a_choice_of_rows_anyway_are_as_few_as_can_be(
    learned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NGRAM_WORK", 0)
    for most, models in ((200, 5), (160, 5), (130, 3), (100, 2), (20, 2)):
        learned.clear()
        monkeypatch.setattr(module, "MAX_WORK", 4 * most)
        linear_models(tokenize_rows(made_rows(4, 50), codes(4))).cross_fitted()
        assert len(learned) == models
        assert min(learned) >= min(most, 155)


@pytest.mark.parametrize(("repeated", "models"), [(1, 25), (5, 25), (6, 5)])
def test_long_rows_are_learned_without_ngrams_and_once(
    learned: list[int], monkeypatch: pytest.MonkeyPatch, repeated: int, models: int
) -> None:
    monkeypatch.setattr(module, "MAX_NGRAM_WORK", 4 * 200)
    rows = [replace(row, text=" ".join([row.text] * repeated)) for row in made_rows(4, 50)]  # of 6 words each
    linear_models(tokenize_rows(rows, codes(4))).cross_fitted()
    assert len(learned) == models


def test_labels_too_many_and_missing_are_found_in_rows_with_several() -> None:
    rng = np.random.default_rng(0)
    rows, wrong = [], {}
    for i in range(300):
        right = sorted(f"label{label}" for label in np.flatnonzero(rng.random(4) < 0.5))
        text = " ".join(f"{label}x{rng.integers(4)}" for label in right for _ in range(2))
        given = list(right)
        if i % 20 == 7:
            wrong[i] = "; ".join(right)
            given = sorted({"label1"} ^ set(given))
        rows.append(LabelledRow(f"the {text}", tuple(given), "rows.csv", i + 2))
    found = suspects(linear_models(tokenize_rows(rows, codes(4), multi_label=True)), rows)
    _, *lines = csv.reader(io.StringIO(found.content.decode()))
    first = {int(line[-1]) - 2: line[2] for line in lines[: found.probable]}
    assert len(first.keys() & wrong.keys()) / len(first) > 0.8
    assert len(first.keys() & wrong.keys()) / len(wrong) > 0.7
    assert all(first[i] == wrong[i] for i in first.keys() & wrong.keys())


@pytest.mark.parametrize("beginning", ["=1+1", "@SUM(A1)", "+cmd", "\t=x"])
def test_spreadsheet_does_not_evaluate_texts(beginning: str) -> None:
    rows = [replace(row, text=f"{beginning} {row.text}") for row in flipped(made_rows(3, 60), 3)[0]]
    found = suspects(linear_models(tokenize_rows(rows, codes(3))), rows)
    cells = [line[0] for line in csv.reader(io.StringIO(found.content.decode()))][1:]
    assert cells
    assert all(cell.startswith("'") for cell in cells)


def test_label_of_a_single_row_is_no_error() -> None:
    rows = [*made_rows(2, 30), LabelledRow("alone here", ("label2",), "rows.csv", 99)]
    models = linear_models(tokenize_rows(rows, codes(3)))
    assert models.cross_fitted().shape == (61, 3)
    assert np.isfinite(models.cross_fitted()).all()


def test_rows_beyond_the_limit_are_still_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.fit.insights.linear_models.MAX_WORK", 5 * 100)
    rows, places = flipped(made_rows(5, 60), 5)
    found = suspects(linear_models(tokenize_rows(rows, codes(5))), rows)
    assert len(set(listed(found)) & places) / len(places) > 0.8
