"""Cleaning: leaves out texts without a topic whose topic is probably missing by mistake."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from training.headlines.samples import Sample

FOLDS: Final = 5
"""Number of parts of the sources; each is scored by an SVM that is trained on the others."""


def mislabelled(inside: Sequence[Sample], outside: Sequence[Sample], words: int, min_score: float) -> set[int]:
    """The sources of texts without a topic that a linear SVM takes for texts with one.

    The score of a text is that of an SVM that was trained without its fifth of the sources; a source's score is the
    mean of its texts'. Above 0, a source looks as if it had no topic; at -1 it looks like a typical one with a topic.

    Args:
        inside: texts with a topic.
        outside: texts without one, each with its source.
        words: number of first words of each text that are read.
        min_score: sources with a lower score are returned.
    """
    samples = [*inside, *outside]
    vectorizer = TfidfVectorizer(analyzer=lambda sample: sample.words[:words], sublinear_tf=True, min_df=2)
    rows: sp.csr_matrix = vectorizer.fit_transform(samples).tocsr()
    sources = np.array([-1] * len(inside) + [sample.source for sample in outside])
    without = sources >= 0
    unique, places = np.unique(sources, return_inverse=True)
    folds = np.where(without, places % FOLDS, -1)
    scores: NDArray[np.float64] = np.zeros(len(samples))
    for fold in range(FOLDS):
        here = folds == fold
        if here.any():
            svm = LinearSVC(C=0.5, class_weight="balanced", random_state=0)
            scores[here] = svm.fit(rows[~here], without[~here]).decision_function(rows[here])
    means = np.bincount(places, scores) / np.bincount(places)
    return {int(source) for source, mean in zip(unique, means, strict=True) if source >= 0 and mean < min_score}
