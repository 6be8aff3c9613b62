"""Fast linear models of the training rows: cross-fitted probabilities, and a learning curve."""

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.svm import LinearSVC

from app.classifier.calibration import sigmoid, softmax
from app.classifier.encoding import Encoder
from app.classifier.inference.products import Floats
from training.evaluation.known_rows import label_numbers
from training.evaluation.multi_label import indicator_matrix, micro_f1
from training.fit.held_out import folds, groups_of
from training.fit.sizes import FOLDS
from training.fit.training_rows import TrainingRows
from training.headlines.calibration import HeldOut, fit_temperature
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.expansion import feature_expansion
from training.headlines.multi_label import fit_labels
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, labels_of, members_of, random_rows
from training.headlines.vocabulary import encode
from training.labelled.rows import LabelledRow

MAX_WORK: Final = 12_000_000
"""Maximum of rows times labels that one model is trained on; of more rows, it is trained on a random sample."""
MAX_NGRAM_WORK: Final = 100_000
"""Maximum of rows times labels with which the features include character n-grams, which help if there are few rows and
take ten times as long. Rows of more than MANY_WORDS words on average count as several."""
MANY_WORDS: Final = 30
MAX_SCORES: Final = 150_000_000
"""Maximum of rows times labels that get probabilities; if there are more rows, a random sample gets them."""
MAX_TEMPERATURE_ROWS: Final = 20_000
"""Maximum number of rows on which the temperature is fitted."""
MAX_ITERATIONS: Final = 200
"""Maximum number of passes of liblinear over the rows; it may not converge if no hyperplane separates the labels."""
REPEATS: Final = 5
"""Number of cross-fittings whose probabilities are averaged if there are few rows."""
SHARES: Final = (0.25, 0.5, 1.0)
"""Shares of the rows at the points of the learning curve."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy on the test rows with a share of the training rows."""

    rows: int
    accuracy: float
    """The micro-averaged F1, if rows may have several labels."""


class LinearModels:
    """TF-IDF over the features of a fitted model, and a linear SVM per label (LinearSVC)."""

    def __init__(
        self,
        encoder: Encoder,
        word_index: Mapping[str, int],
        recipe: Recipe,
        rows: TrainingRows,
        seed: int,
        *,
        clusters: Clusters,
    ) -> None:
        """Encode the training rows that have a label, or all if they may have several.

        Args:
            encoder: of a model that learned from these rows.
            word_index: of the same model.
            recipe: of the same model.
            rows: the training rows.
            seed: of folds and random choices.
            clusters: those of the word index; empty if it has none.
        """
        samples = [sample for sample in rows.samples if sample.labels or rows.multi_label]
        self.samples: Sequence[Sample] = [
            samples[i] for i in random_rows(len(samples), MAX_SCORES // rows.topics, seed).tolist()
        ]
        """Rows with a label, or all rows if they may have several; a random sample if there are too many."""
        self.labels = labels_of(self.samples, rows.topics)
        """int64 [n], of `samples`: the first label, or the number of labels if there is none."""
        self.members = members_of(self.samples, rows.topics) if rows.multi_label else None
        """bool [n, topics], whether each row has each label; None if it has one."""
        self.codes = rows.codes
        """The labels."""
        self._lines, self._topics, self._seed, self._encoder = rows.lines, rows.topics, seed, encoder
        words = sum(len(sample.words) for sample in self.samples)
        with_ngrams = max(len(self.samples), words / MANY_WORDS) * rows.topics <= MAX_NGRAM_WORK
        self._expansion: sp.csr_matrix | None = None
        if with_ngrams:
            self._expansion = feature_expansion(word_index, encoder.spec.size, recipe, clusters)
        inputs = self._inputs([sample.words for sample in self.samples])
        self._tfidf = TfidfTransformer()
        self._rows = self._tfidf.fit_transform(inputs)
        # A model of very many rows is trained on a sample. Fewer folds then leave enough rows to draw it from.
        not_drawn = len(self.samples) - MAX_WORK // rows.topics
        self._folds = FOLDS if not_drawn <= 0 else min(FOLDS, max(2, -(-len(self.samples) // not_drawn)))

    def cross_fitted(self, on_svm: Callable[[int, int], object] = lambda done, of: None) -> Floats:
        """Calibrated probabilities, float32 [n, topics], of each row by models that did not learn from it.

        With few rows they are the mean of REPEATS cross-fittings, because those of a single one depend on chance.
        `on_svm` is called with the number of trained SVMs, one per label and model, and that of all.
        """
        scores = np.zeros((len(self.samples), self._topics), np.float32)
        groups, repeats = groups_of(self.samples, self._lines), 1 if self._expansion is None else REPEATS
        done, of = itertools.count(), repeats * self._folds * self._topics
        for seed in range(self._seed, self._seed + repeats):
            for mask in folds(self.labels, groups, seed, self._folds):
                if mask.any():
                    of_fold = self._scores(
                        np.flatnonzero(~mask), self._rows[mask], seed, lambda: on_svm(next(done), of)
                    )
                    scores[mask] += of_fold / repeats
        if self.members is not None:
            return sigmoid(fit_labels(scores, self.members).logits(scores))
        # A sample, because each step of the fit makes arrays of the size of the scores.
        rows = random_rows(len(scores), MAX_TEMPERATURE_ROWS, self._seed)
        sample = HeldOut(scores[rows], self.labels[rows], np.zeros(len(rows), np.float32), self._topics)
        temperature = fit_temperature([sample])
        for start in range(0, len(scores), MAX_TEMPERATURE_ROWS):  # in place, because the scores may take a gigabyte
            part = slice(start, start + MAX_TEMPERATURE_ROWS)
            scores[part] = softmax(scores[part], temperature)
        return scores

    def learning_curve(
        self, test: Sequence[LabelledRow], on_svm: Callable[[int, int], object] = lambda done, of: None
    ) -> tuple[CurvePoint, ...]:
        """Accuracy, or micro-averaged F1, on the test rows after learning from SHARES of the rows.

        Test rows without a word count; those without a label only if they may have several. `on_svm` is called as in
        `cross_fitted`.
        """
        test = [row for row in test if row.labels or self.members is not None]
        words = [self._encoder.tokenize(row.text) for row in test]
        rows = self._tfidf.transform(self._inputs(words))
        labels = label_numbers(test, self.codes)
        order = np.random.default_rng(self._seed).permutation(
            random_rows(len(self.samples), MAX_WORK // self._topics, self._seed)
        )
        points = []
        done, of = itertools.count(), len(SHARES) * self._topics
        for share in SHARES:
            part = order[: max(1, round(share * len(order)))]
            scores = self._scores(part, rows, self._seed, lambda: on_svm(next(done), of))
            if self.members is None:
                reached = float(np.mean(scores.argmax(axis=1) == [row_labels[0] for row_labels in labels]))
            else:
                reached = micro_f1(scores > 0, indicator_matrix(labels, self._topics))
            points.append(CurvePoint(len(part), reached))
        return tuple(points)

    def _inputs(self, texts: Sequence[Sequence[str]]) -> sp.csr_matrix:
        rows = encode(self._encoder, texts)
        return rows if self._expansion is None else (rows @ self._expansion).tocsr()

    def _scores(
        self, learned: NDArray[np.intp], rows: sp.csr_matrix, seed: int, on_svm: Callable[[], object]
    ) -> Floats:
        """Scores, float32 [n, topics], of one SVM for each label; of labels without a row, the lowest of each row."""
        part = learned[random_rows(len(learned), MAX_WORK // self._topics, seed)]
        inputs = self._rows[part].astype(np.float64)  # which each SVM would do otherwise, and sort
        inputs.sort_indices()
        scores = np.full((rows.shape[0], self._topics), np.inf, np.float32)
        missing = []
        for label in range(self._topics):
            on_svm()
            has = self.labels[part] == label if self.members is None else self.members[part, label]
            if has.all():
                scores[:, label] = 1
            elif has.any():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    svm = LinearSVC(max_iter=MAX_ITERATIONS, random_state=seed).fit(inputs, has)
                scores[:, label] = svm.decision_function(rows)
            else:
                missing.append(label)
        if missing:
            scores[:, missing] = np.minimum(scores.min(axis=1, keepdims=True), -1)
        return scores
