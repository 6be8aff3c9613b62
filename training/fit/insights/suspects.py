"""The file of rows whose label is probably wrong, for a spreadsheet."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from app.cli.writers import spreadsheet_csv
from training.fit.insights.label_errors import label_errors
from training.fit.insights.linear_models import LinearModels
from training.labelled.rows import LabelledRow

COLUMNS: Final = ("text", "label", "likelier_label", "probability", "likelier_probability", "file", "line")


def suspects(models: LinearModels, rows: Sequence[LabelledRow], codes: Sequence[str]) -> tuple[int, bytes]:
    """How many rows have a label that is probably wrong, and these rows as CSV, most probable first.

    Args:
        models: of the training rows.
        rows: the training rows, by number.
        codes: the labels.
    """
    probabilities = models.cross_fitted()
    found = label_errors(probabilities, models.labels).tolist()
    lines: list[Sequence[object]] = [COLUMNS]
    for place in found:
        row, likelier = rows[models.samples[place].source or 0], int(probabilities[place].argmax())
        own = probabilities[place, models.labels[place]]
        figures = [round(float(one), 4) for one in (own, np.max(probabilities[place]))]
        lines.append([row.text, row.labels[0], codes[likelier], *figures, row.file, row.number])
    return len(found), spreadsheet_csv(lines)
