"""Confident learning finds labels that were flipped on purpose."""

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.classifier.network import Floats
from tests.training.fit.insights.models import linear_models
from tests.training.fit.rows import codes, made_rows
from training.fit.insights import linear_models as module
from training.fit.insights.label_errors import confident_joint, label_errors
from training.fit.insights.linear_models import LinearModels
from training.fit.insights.suspects import COLUMNS, suspects
from training.fit.material import read_samples
from training.labelled.rows import LabelledRow


def flipped(rows: list[LabelledRow], labels: int) -> tuple[list[LabelledRow], set[int]]:
    """The rows with every twentieth label replaced by the next one, and the places of these."""
    places = set(range(7, len(rows), 20))
    changed = list(rows)
    for i in places:
        number = int(rows[i].labels[0].removeprefix("label"))
        changed[i] = replace(rows[i], labels=(f"label{(number + 1) % labels}",))
    return changed, places


def test_joint_is_the_one_worked_out_by_hand() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    first = np.array([0.9, 0.9, 0.8, 0.1, 0.3, 0.1], np.float32)
    # Thresholds: mean of 0.9, 0.9, 0.8, 0.1 = 0.675 and of 0.7, 0.9 = 0.8. The fourth row counts as label 1, the fifth
    # for none; counts [[3, 1], [0, 1]] are scaled to 4 and 2 rows.
    joint = confident_joint(np.stack([first, 1 - first], axis=1), labels)
    assert joint.tolist() == [[3, 1], [0, 2]]


def test_row_that_the_joint_counts_elsewhere_is_found() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    first = np.array([0.9, 0.9, 0.8, 0.1, 0.3, 0.1], np.float32)
    assert label_errors(np.stack([first, 1 - first], axis=1), labels).tolist() == [3]


def test_right_labels_are_left_alone() -> None:
    rows = read_samples(made_rows(4, 50), codes(4))
    models = linear_models(rows)
    assert len(label_errors(models.cross_fitted(), models.labels)) == 0


def test_flipped_labels_are_found_with_the_right_one_as_likelier() -> None:
    rows, places = flipped(made_rows(5, 60), 5)
    count, content = suspects(linear_models(read_samples(rows, codes(5))), rows, codes(5))
    header, *found = csv.reader(io.StringIO(content.decode()))
    assert tuple(header) == COLUMNS
    lines = {int(one[-1]) - 2 for one in found}
    assert len(lines & places) / len(lines) > 0.9
    assert len(lines & places) / len(places) > 0.9
    assert count == len(found)
    original = made_rows(5, 60)
    assert all(one[2] == original[int(one[-1]) - 2].labels[0] for one in found if int(one[-1]) - 2 in places)
    margins = [float(one[3]) - float(one[4]) for one in found]
    assert margins == pytest.approx(sorted(margins), abs=2e-4)  # both probabilities have four digits


def test_models_that_learn_from_a_choice_of_rows_anyway_are_as_few_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[int] = []
    scores = LinearModels._scores

    def counted(self: LinearModels, rows: NDArray[np.intp], *args: Any) -> Floats:
        learned.append(len(rows))
        return scores(self, rows, *args)

    monkeypatch.setattr(LinearModels, "_scores", counted)
    monkeypatch.setattr(module, "LITTLE_WORK", 0)
    for most, models in ((200, 5), (160, 5), (130, 3), (100, 2), (20, 2)):
        learned.clear()
        monkeypatch.setattr(module, "MOST_WORK", 4 * most)
        linear_models(read_samples(made_rows(4, 50), codes(4))).cross_fitted()
        assert len(learned) == models
        assert min(learned) >= min(most, 155)


@pytest.mark.parametrize("beginning", ["=1+1", "@SUM(A1)", "+cmd", "\t=x"])
def test_spreadsheet_does_not_evaluate_texts(beginning: str) -> None:
    rows = [replace(row, text=f"{beginning} {row.text}") for row in flipped(made_rows(3, 60), 3)[0]]
    _, content = suspects(linear_models(read_samples(rows, codes(3))), rows, codes(3))
    cells = [line[0] for line in csv.reader(io.StringIO(content.decode()))][1:]
    assert cells
    assert all(cell.startswith("'") for cell in cells)


def test_label_of_a_single_row_is_no_error() -> None:
    rows = [*made_rows(2, 30), LabelledRow("alone here", ("label2",), "rows.csv", 99)]
    models = linear_models(read_samples(rows, codes(3)))
    assert models.cross_fitted().shape == (61, 3)
    assert np.isfinite(models.cross_fitted()).all()


def test_rows_beyond_the_limit_are_still_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.fit.insights.linear_models.MOST_WORK", 5 * 100)
    rows, places = flipped(made_rows(5, 60), 5)
    models = linear_models(read_samples(rows, codes(5)))
    found = set(label_errors(models.cross_fitted(), models.labels).tolist())
    assert len(found & places) / len(places) > 0.8
