"""Explains an answer by occlusion: how much a probability, a topic's or outside, drops when each word is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from app.classifier.classifier import TopicClassifier
from app.classifier.encoding import Encoded, WordStatus
from app.classifier.errors import TextTooLongError

MAX_WORDS = 200
"""Most words of an explained text. n words require n texts of n - 1 words: tens of milliseconds at this length."""

IDS_AT_ONCE = 2_000
"""Words, or ids if there are more, encoded in one part of the work, which takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class WordEffect:
    """One word of a text, `text[start:end]` in code points, and its effect."""

    word: str
    start: int
    end: int
    status: WordStatus
    effect: float
    """The explained probability with the word minus that without it, -1 to 1, rounded to 8 digits."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The words of a text, in order, with the effect of each on one probability: a topic's, or outside."""

    label: int | None
    """Label of that topic; None: the outside class."""
    words: list[WordEffect]


class Explainer:
    """Computes an explanation by leaving out each word in turn (Li et al. 2016, arXiv:1612.08220).

    The work is divided into `parts`, between which a server can process other requests.
    """

    def __init__(self, classifier: TopicClassifier, text: str, topic: str | None = None) -> None:
        """Prepare an explanation.

        Args:
            classifier: the model.
            text: at most MAX_WORDS words.
            topic: code of the topic to explain; by default the most probable one, or the outside class if the text is
                outside.

        Raises:
            UnknownTopicError: the model has no such topic.
            TextTooLongError: the text has more than MAX_WORDS words.
        """
        label = None if topic is None else classifier.label(topic)
        words = classifier.encoder.tokenize(text)  # before the words are located, which takes longer
        if len(words) > MAX_WORDS:
            raise TextTooLongError(f"An explanation covers {MAX_WORDS} words at most, and this text has {len(words)}.")
        self._classifier = classifier
        self._encoder = classifier.encoder
        self._piece_ids = cache(self._encoder.piece_ids)
        self._located = self._encoder.locate(text)
        self._words = [word.word for word in self._located]
        encoded = self._encoder.encode_words(self._words, self._piece_ids)
        self._size = max(len(self._words), len(encoded.ids), 1)
        probabilities, outside = classifier.infer([encoded])
        if label is None and not (outside and encoded.readable and outside[0] > classifier.outside_threshold):
            label = int(probabilities.argmax())
        self.label = label
        """Label of the explained topic; None: the outside class."""
        self._probability = outside[0] if label is None and outside else float(probabilities[0, label])

    @property
    def variants(self) -> int:
        """Number of texts to classify: one per word."""
        return len(self._words)

    @property
    def parts(self) -> list[range]:
        """Index ranges of the words, each about a millisecond of work."""
        step = max(1, IDS_AT_ONCE // self._size)
        return [range(start, min(start + step, len(self._words))) for start in range(0, len(self._words), step)]

    def effects(self, part: range) -> list[WordEffect]:
        """The effects of the words of one part."""
        statuses = [self._encoder.status(self._words[i]) for i in part]
        read = [i for i, status in zip(part, statuses, strict=True) if status != "unknown" or self._reads(i)]
        encode = self._encoder.encode_words
        without = [encode(self._words[:i] + self._words[i + 1 :], self._piece_ids) for i in read]
        effects = {i: self._probability - value for i, value in zip(read, self._explained(without), strict=True)}
        return [
            WordEffect(word.word, word.start, word.end, status, round(effects.get(i, 0.0), 8))
            for i, word, status in zip(part, self._located[part.start : part.stop], statuses, strict=True)
        ]

    def _reads(self, i: int) -> bool:
        """Whether leaving out the unknown word `i` can change the explained probability; otherwise its effect is 0."""
        if self._piece_ids(self._words[i]):
            return True
        manifest = self._classifier.bundle.manifest
        by_temperature = manifest.calibration is not None and manifest.calibration.unknown_slope != 0
        by_outside = self.label is None and manifest.outside is not None and manifest.outside.unknown != 0
        return by_temperature or by_outside

    def _explained(self, encoded: Sequence[Encoded]) -> list[float]:
        """The explained probability of each text."""
        probabilities, outside = self._classifier.infer(encoded)
        if self.label is None:
            return outside or []
        values: list[float] = probabilities[:, self.label].tolist()
        return values

    def explanation(self, effects: Iterable[list[WordEffect]]) -> Explanation:
        """Join the effects of all parts, in order."""
        return Explanation(self.label, [effect for part in effects for effect in part])


def explain(classifier: TopicClassifier, text: str, topic: str | None = None) -> Explanation:
    """Compute a whole explanation at once; see Explainer for arguments and errors."""
    explainer = Explainer(classifier, text, topic)
    return explainer.explanation(map(explainer.effects, explainer.parts))
