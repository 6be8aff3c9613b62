"""Ranking: the most probable topics of each text, as many as an answer needs."""

import numpy as np
from numpy.typing import NDArray

from app.classifier.inference.products import Floats

_FEW = 8
"""With at most this many topics above the threshold, all are ranked: counting what the texts need would take as
long."""
_SORTED = 16
"""If there are more than this many times as many topics as are ranked, repeated argmax is faster than sorting.

306 topics, of which 5 are ranked: 0.3 microseconds a text; sorting them takes 1.9."""

_MAX_SORTED = 64
"""With at most this many topics, sorting all is as fast as selecting the best."""


class Ranking:
    """Ranks the topics of one model."""

    def __init__(self, topics: int, threshold: float | None, thresholds: tuple[float, ...] | None) -> None:
        """Prepare the ranking.

        Args:
            topics: their number.
            threshold: of the prediction sets; None: there are none.
            thresholds: of each topic, if a text may have several; else None.
        """
        self.most = 0
        """Maximum number of topics above the threshold that a text can have."""
        if thresholds is not None:
            self.most = topics
        elif threshold is not None:
            # Probabilities sum to 1, so at most 1 / threshold topics can reach the threshold.
            self.most = min(topics, int(min(topics, 1 / threshold)) + 1)  # 1 / threshold may be infinite
        self.sorts = self.most <= _FEW and topics <= _MAX_SORTED
        """Whether the caller may sort all topics, without a call of `best`: the first `most` are then enough."""
        # A little lower, because what is compared with the thresholds is rounded.
        self._least = np.array(thresholds or threshold or 1.0, np.float32) - np.float32(1e-6)

    def best(self, probabilities: Floats, top_k: int) -> NDArray[np.intp]:
        """Labels of each text, most probable first, equal ones by label: int64 [n, `top_k` or more].

        A text's topics above the threshold are among them.

        Args:
            probabilities: float32 [n, topics].
            top_k: the least number of topics, as far as there are so many.
        """
        most = max(top_k, self.most)
        count = most if self.most <= max(top_k, _FEW) else max(top_k, self._needed(probabilities))
        if most * _SORTED > probabilities.shape[1]:
            return sorted_labels(probabilities)[:, :count]
        left, texts = probabilities.copy(), np.arange(len(probabilities))
        best = np.empty((len(left), count), np.intp)
        for place in range(count):
            best[:, place] = left.argmax(axis=1)
            left[texts, best[:, place]] = -1
        return best

    def _needed(self, probabilities: Floats) -> int:
        """The most topics that any text has down to its last one above the threshold."""
        lowest = np.where(probabilities >= self._least, probabilities, np.float32(2)).min(axis=1, keepdims=True)
        return int((probabilities >= lowest).sum(axis=1).max())


def sorted_labels(probabilities: Floats) -> NDArray[np.int64]:
    """All labels of each text, most probable first, and equal probabilities by label: int64 [n, topics].

    Sorting integers made of probability and label takes less than half the time of `argsort`, which is not stable by
    default: the most probable of equal topics would depend on how many topics are ranked.

    Args:
        probabilities: float32 [n, topics], not negative, so that their bits have the same order.
    """
    keys = probabilities.view(np.int32).astype(np.int64)
    keys <<= 32
    np.subtract(np.arange(probabilities.shape[1]), keys, out=keys)
    keys.sort(axis=1)
    keys &= 2**32 - 1
    return keys
