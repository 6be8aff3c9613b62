"""Topic classifier: encodes texts, runs the network, calibrates its output and ranks the topics."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from app.classifier.bundle import MANIFEST, Bundle
from app.classifier.calibration import Calibrator, oov_shares, rounded, rounded_numbers
from app.classifier.encoding import Encoded, Encoder
from app.classifier.errors import BundleError, UnknownTopicError
from app.classifier.golden import verify_answers
from app.classifier.inference.leave_one_out import Variant
from app.classifier.inference.products import Doubles, Floats
from app.classifier.inference.ranking import Ranking, sorted_labels
from app.classifier.manifest import Topic
from app.classifier.networks.dense_network import Network

Abstention = Literal["no_known_words", "outside", "low_confidence"]
"""Reasons to abstain; of several, the first in this order is given."""

_MANY_CHARACTERS = 400
"""Shorter batches have too few words for `Encoder.encode_batch` to be faster than one text after the other."""


class Classification(NamedTuple):
    """Result for one text."""

    labels: list[int]
    """Labels of the `top_k` most probable topics, most probable first, equal ones by label; empty if no word, or piece
    of one, is known."""
    probabilities: list[float]
    """Their probabilities, 0 to 1; over all topics they sum to 1, unless a text may have several labels."""
    topic_set: list[int]
    """Prediction set: the labels above the calibrated threshold; empty without one. See `TopicSet`. If a text may have
    several labels, those that it has: each label has a threshold of its own. See `MultiLabel`."""
    encoded: Encoded
    abstained: Abstention | None
    """Why the model abstains; None if it does not."""
    outside: float | None = None
    """Probability that the text is about none of the topics; None without an outside class, or without an answer."""


class TopicClassifier:
    """Classifies texts with the model of a bundle. Immutable, so threads can share it."""

    def __init__(
        self, bundle: Bundle, network: Network, min_probability: float = 0.0, outside_threshold: float | None = None
    ) -> None:
        """Prepare the classifier and verify it with the golden headlines.

        Args:
            bundle: the verified bundle.
            network: the bundle's network.
            min_probability: if the most probable topic is below this, the result is marked `low_confidence`.
            outside_threshold: instead of the manifest's; above it, the result is marked `outside`; 1: never.

        Raises:
            BundleError: the network's input or output width does not match the manifest, or its probabilities for the
                golden headlines differ from the recorded ones.
        """
        manifest = bundle.manifest
        self.encoder = Encoder(manifest.encoding, bundle.word_index)
        self.bundle = replace(bundle, word_index={})
        """Without the word index, because the encoder holds all of it; a second copy would take 3 MB per process."""
        self._network = network
        self._min_probability = min_probability
        self._threshold = manifest.topic_set.threshold if manifest.topic_set else None
        self._thresholds = manifest.multi_label.thresholds if manifest.multi_label else None
        self._ranking = Ranking(len(manifest.topics), self._threshold, self._thresholds)
        self._calibrator = Calibrator(manifest)
        if outside_threshold is None:
            outside_threshold = manifest.outside.threshold if manifest.outside else 1.0
        self.outside_threshold = outside_threshold
        """Texts whose outside probability is above this are marked; 1 without an outside class, too."""
        expected = (manifest.encoding.size, manifest.units)
        if network.shape != expected:
            raise BundleError(
                f"{bundle.model_path}: takes {network.shape[0]} words and gives {network.shape[1]} outputs, but"
                f" {MANIFEST} says {expected[0]} and {expected[1]}; train the bundle again."
            )
        self.verify_golden()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics, in label order."""
        return self.bundle.manifest.topics

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self._thresholds is not None

    def max_topics(self, top_k: int) -> int:
        """Maximum number of topics in a result with `top_k` of them: in `labels` or in `topic_set`."""
        return max(top_k, self._ranking.most)

    def predicted_labels(self, result: Classification) -> list[int]:
        """The labels that a text has according to the model: the most probable one, or those above their thresholds."""
        return result.labels[:1] if self._thresholds is None else result.topic_set

    def verify_golden(self) -> None:
        """Classify the golden headlines; raises BundleError if an answer differs from the recorded one."""
        encoded = self.encode([headline.headline for headline in self.bundle.golden])
        logits = self._network.logits([text.ids for text in encoded])
        verify_answers(self.bundle, self._calibrator, logits, oov_shares(encoded))

    def classify(self, texts: Sequence[str], top_k: int = 5) -> list[Classification]:
        """Classify texts; the results, with `top_k` topics each, are in the same order."""
        return self.rank(self.encode(texts), top_k)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """First half of `classify`: the network's input for each text."""
        tokenize, encode_words = self.encoder.tokenize, self.encoder.encode_words
        if self.encoder.spec.pieces and sum(map(len, texts)) >= _MANY_CHARACTERS:
            return self.encoder.encode_batch(list(map(tokenize, texts)))
        return [encode_words(tokenize(text)) for text in texts]

    def rank(self, encoded: Sequence[Encoded], top_k: int = 5) -> list[Classification]:
        """Second half of `classify`: run the network and rank the topics."""
        if len(encoded) == 1:
            return [self._rank_one(encoded[0], top_k)]
        if not encoded:
            return []
        units = self._network.logits([text.ids for text in encoded])
        shares = oov_shares(encoded)
        probabilities = self._calibrator.topics(units, shares)
        if self._ranking.sorts:
            ranking = sorted_labels(probabilities)[:, : max(top_k, self._ranking.most)]
        else:
            ranking = self._ranking.best(probabilities, top_k)
        # Indices into the flattened array.
        flat = ranking + np.arange(0, probabilities.size, probabilities.shape[1])[:, None]
        best = rounded(probabilities.take(flat))
        outside_of = self._calibrator.outside_of
        outsides: Iterable[float | None] = itertools.repeat(None)
        if outside_of is not None:
            outsides = map(outside_of, units[:, -1].tolist(), [values[0] for values in best], shares)
        return list(map(self._result, encoded, ranking.tolist(), best, outsides, itertools.repeat(top_k)))

    def _rank_one(self, text: Encoded, top_k: int) -> Classification:
        """`rank` for one text, with the same bits, but arrays of one dimension and fewer NumPy calls.

        While the service answers requests, a call takes about two microseconds.
        """
        units = self._network.logits([text.ids])[0]
        [share] = oov_shares([text])
        probabilities = self._calibrator.topics_of_one(units, share)
        if self._ranking.sorts:
            ranking = (-probabilities).argsort(kind="stable")[: max(top_k, self._ranking.most)]
        else:
            ranking = self._ranking.best(probabilities[None], top_k)[0]
        values = rounded_numbers(probabilities.take(ranking).tolist())
        outside_of = self._calibrator.outside_of
        outside = None if outside_of is None else outside_of(units.item(-1), values[0], share)
        return self._result(text, ranking.tolist(), values, outside, top_k)

    def _result(
        self, text: Encoded, labels: list[int], values: list[float], outside: float | None, top_k: int
    ) -> Classification:
        """The result for a text with these ranked labels, their probabilities, and probability of the outside class."""
        if not text.known and not text.pieced:
            return Classification([], [], [], text, "no_known_words")
        threshold, thresholds = self._threshold, self._thresholds
        if threshold is not None:
            in_set = 1  # the most probable topic always belongs to the set
            while in_set < len(values) and values[in_set] >= threshold:
                in_set += 1
            topic_set = labels[:in_set]
        elif thresholds is not None:
            pairs = zip(labels, values, strict=True)
            topic_set = [label for label, value in pairs if value >= thresholds[label]]
        else:
            topic_set = []
        abstained: Abstention | None = "low_confidence" if values[0] < self._min_probability else None
        if outside is not None and outside > self.outside_threshold:
            abstained = "outside"
        if len(labels) > top_k:
            labels, values = labels[:top_k], values[:top_k]
        return Classification(labels, values, topic_set, text, abstained, outside)

    def probabilities(self, encoded: Sequence[Encoded]) -> Floats:
        """Calibrated probabilities, float32 [len(encoded), topics]; see `infer`."""
        return self.infer(encoded)[0]

    def infer(self, encoded: Sequence[Encoded]) -> tuple[Floats, list[float] | None]:
        """Run the network.

        Returns:
            Calibrated probabilities, float32 [len(encoded), topics], each row of which sums to 1 unless a text may have
            several labels; and the probability of the outside class for each text, or None without that class.
        """
        units = self._network.logits([text.ids for text in encoded])
        return self._calibrator.topics_and_outside(units, oov_shares(encoded))

    def infer_variants(self, ids: Sequence[int], variants: Sequence[Variant], label: int | None) -> Doubles:
        """The probability of one label, or of the outside class if `label` is None: float64 [len(variants)].

        `ids` are those of the whole text.
        """
        units = self._network.logits_of_variants(ids, [(variant.lost, variant.gained) for variant in variants])
        shares = [variant.oov_share for variant in variants]
        if label is None:
            return np.array(self._calibrator.topics_and_outside(units, shares)[1], np.float64)
        return self._calibrator.topics(units, shares)[:, label].astype(np.float64)

    def label(self, code: str) -> int:
        """The label of a topic code such as `crude`; raises UnknownTopicError."""
        for topic in self.topics:
            if topic.code == code:
                return topic.label
        raise UnknownTopicError(f"{code!r} is not a topic of this model; GET /topics lists its topics.")
