"""The report of `evaluate --test`."""

import numpy as np
import pytest

from training.evaluation.labelled_report import labelled_report
from training.evaluation.labelled_rows import Measured
from training.evaluation.measure import measure


@pytest.mark.parametrize(("labels", "reported"), [(3, False), (4, True)])
def test_share_among_the_top_3_is_reported_if_there_are_more_labels(labels: int, reported: bool) -> None:
    evaluation = measure(np.eye(labels, dtype=np.float32), np.arange(labels))
    report = labelled_report(Measured(evaluation, None, (), {}), [f"t{label}" for label in range(labels)])
    assert ("label among the top 3         1.0000" in report) == reported
