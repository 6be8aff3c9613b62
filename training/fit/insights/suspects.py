"""Writes the rows whose label may be wrong as CSV, for a spreadsheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.inference.products import Floats
from app.cli.writers import spreadsheet_csv
from training.fit.insights.label_errors import wrong_label, wrong_members
from training.fit.insights.linear_models import LinearModels
from training.labelled.rows import LabelledRow

SEPARATOR: Final = "; "
"""Between the labels of a row that has several."""
COLUMNS: Final = (
    *("text", "label", "likelier_label", "wrong_probability", "probability", "likelier_probability"),
    *("file", "line"),
)

MORE_PROBABLE: Final = 0.5
_BATCH_ROWS: Final = 16_384
"""Rows whose probabilities of all labels are in memory at once."""
MIN_LISTED: Final = 20
"""Number of rows to list even if their labels are more probably right than wrong; fewer if the models disagree with
fewer labels."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """Rows whose label may be wrong."""

    listed: int
    probable: int
    """Those whose label is more probably wrong than right; they are the first."""
    content: bytes
    """The listed rows as CSV, most probable first."""


def suspects(
    models: LinearModels,
    rows: Sequence[LabelledRow],
    on_svm: Callable[[int, int], object] = lambda done, of: None,
) -> Suspects:
    """Rows whose label is more probably wrong than right, or MIN_LISTED rows.

    `wrong_probability` is that of `label_errors`; the other two are the models' probabilities of the two labels. Of a
    row with several labels `likelier_label` has all of them after the changes, and the probabilities are those of the
    label that is most probably wrong.

    Args:
        models: of the training rows.
        rows: the training rows, by number.
        on_svm: called with the number of trained SVMs and that of all.
    """
    codes, probabilities = models.codes, models.cross_fitted(on_svm)
    if models.members is None:
        wrong = wrong_label(probabilities, models.labels)
        own, other = probabilities[np.arange(len(wrong)), models.labels], probabilities.max(axis=1)
        places, probable = _first(wrong, own < other)
        names = [codes[label] for label in probabilities[places].argmax(axis=1).tolist()]
    else:
        surest, wrong, own = _surest(probabilities, models.members)
        other = 1 - own
        places, probable = _first(wrong, own < other)
        members = models.members[places]
        changed = members ^ (wrong_members(probabilities[places], members, models.members.mean()) > MORE_PROBABLE)
        changed[np.arange(len(places)), surest[places]] = ~members[np.arange(len(places)), surest[places]]
        names = [SEPARATOR.join(codes[label] for label in np.flatnonzero(row).tolist()) for row in changed]
    lines: list[Sequence[object]] = [COLUMNS]
    for place, name in zip(places, names, strict=True):
        row = rows[models.samples[place].source or 0]
        figures = [round(float(values[place]), 4) for values in (wrong, own, other)]
        given = row.labels[0] if models.members is None else SEPARATOR.join(row.labels)
        lines.append([row.text, given, name, *figures, row.file, row.number])
    return Suspects(len(places), probable, spreadsheet_csv(lines))


def _surest(probabilities: Floats, members: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64], Floats]:
    """The label of each row that is most probably wrong or missing, [n].

    Returns:
        Its number, the probability of that (as `wrong_members` says), and the models' probability of what is given.
    """
    slices = []
    for start in range(0, len(members), _BATCH_ROWS):
        given, predicted = members[start : start + _BATCH_ROWS], probabilities[start : start + _BATCH_ROWS]
        cells = wrong_members(predicted, given, members.mean())
        right = np.where(given, predicted, 1 - predicted)
        surest = np.where(right < 0.5, cells, -1.0).argmax(axis=1)
        each = np.arange(len(cells))
        slices.append((surest, cells[each, surest], right[each, surest]))
    surest, wrong, own = (np.concatenate(parts) for parts in zip(*slices, strict=True))
    return surest, wrong, own


def _first(wrong: NDArray[np.float64], differs: NDArray[np.bool_]) -> tuple[list[int], int]:
    """Rows to list, among those where the models disagree with the label; and how many labels are probably wrong."""
    order = np.flatnonzero(differs)
    order = order[np.argsort(-wrong[order], kind="stable")]
    probable = int((wrong[order] > MORE_PROBABLE).sum())
    return order[: max(probable, MIN_LISTED)].tolist(), probable
