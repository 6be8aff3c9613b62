"""The report of `evaluate --test`."""

import numpy as np
import pytest

from training.evaluation.labelled_report import chance_lines, labelled_report
from training.evaluation.labelled_rows import Measured
from training.evaluation.measure import measure


@pytest.mark.parametrize(("labels", "reported"), [(3, False), (4, True)])
def test_share_among_the_top_3_is_reported_if_there_are_more_labels(labels: int, reported: bool) -> None:
    evaluation = measure(np.eye(labels, dtype=np.float32), np.arange(labels))
    report = labelled_report(Measured(evaluation, None, (), {}), [f"t{label}" for label in range(labels)])
    assert ("label among the top 3         1.0000" in report) == reported


@pytest.mark.parametrize(("threshold", "said"), [(None, []), (0.5, ["between 38% and 62%."])])
def test_prediction_sets_if_there_are_any_have_an_interval_of_their_coverage(
    threshold: float | None, said: list[str]
) -> None:
    answers = np.eye(2, dtype=np.float32)[[0] * 60]
    lines = chance_lines(measure(answers, np.repeat([0, 1], 30), threshold=threshold))
    start = "With 95% confidence, the coverage of the prediction sets on other texts like the test rows is "
    assert [line.removeprefix(start) for line in lines if "coverage" in line] == said
