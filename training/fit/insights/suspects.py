"""The file of rows whose label is probably wrong, for a spreadsheet."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.network import Floats
from app.cli.writers import spreadsheet_csv
from training.fit.insights.label_errors import label_errors
from training.fit.insights.linear_models import LinearModels
from training.labelled.rows import LabelledRow

SEPARATOR: Final = "; "
"""Between the labels of a row that has several."""
COLUMNS: Final = ("text", "label", "likelier_label", "probability", "likelier_probability", "file", "line")


def suspects(models: LinearModels, rows: Sequence[LabelledRow], codes: Sequence[str]) -> tuple[int, bytes]:
    """How many rows have a label that is probably wrong, and these rows as CSV, most probable first.

    Args:
        models: of the training rows.
        rows: the training rows, by number.
        codes: the labels.
    """
    probabilities = models.cross_fitted()
    if models.members is not None:
        return _several(models, models.members, probabilities, rows, codes)
    found = label_errors(probabilities, models.labels).tolist()
    lines: list[Sequence[object]] = [COLUMNS]
    for place in found:
        row, likelier = rows[models.samples[place].source or 0], int(probabilities[place].argmax())
        own = probabilities[place, models.labels[place]]
        figures = [round(float(one), 4) for one in (own, np.max(probabilities[place]))]
        lines.append([row.text, row.labels[0], codes[likelier], *figures, row.file, row.number])
    return len(found), spreadsheet_csv(lines)


def _several(
    models: LinearModels,
    members: NDArray[np.bool_],
    probabilities: Floats,
    rows: Sequence[LabelledRow],
    codes: Sequence[str],
) -> tuple[int, bytes]:
    """The same for rows with several labels: each label is a question of its own, with the answers yes and no.

    `likelier_label` has all labels of the row after the changes; the probabilities are those of the surest one.
    """
    wrong = np.zeros(members.shape, bool)
    for label in range(members.shape[1]):
        both = np.stack([1 - probabilities[:, label], probabilities[:, label]], axis=1)
        wrong[label_errors(both, members[:, label].astype(np.int64)), label] = True
    own = np.where(members, probabilities, 1 - probabilities)
    places = np.flatnonzero(wrong.any(axis=1))
    surest = np.where(wrong, own, 2.0).argmin(axis=1)
    places = places[np.argsort(own[places, surest[places]], kind="stable")]
    lines: list[Sequence[object]] = [COLUMNS]
    for place in places.tolist():
        row = rows[models.samples[place].source or 0]
        likelier = [codes[label] for label in np.flatnonzero(members[place] ^ wrong[place]).tolist()]
        given = float(own[place, surest[place]])
        figures = [round(given, 4), round(1 - given, 4)]
        lines.append([row.text, SEPARATOR.join(row.labels), SEPARATOR.join(likelier), *figures, row.file, row.number])
    return len(places), spreadsheet_csv(lines)
