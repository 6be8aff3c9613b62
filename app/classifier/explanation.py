"""Explains a prediction by occlusion: how much a topic's probability drops when each word is left out."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.classifier.classifier import TopicClassifier
from app.classifier.encoding import WordStatus, locate, tokenize
from app.classifier.errors import TextTooLongError

MAX_WORDS = 200
"""Most words of an explained text. n words require n texts of n - 1 words: tens of milliseconds at this length."""

WORDS_AT_ONCE = 2_000
"""Words encoded in one piece of the work, which takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class WordEffect:
    """One word of a text, `text[start:end]` in code points, and its effect."""

    word: str
    start: int
    end: int
    status: WordStatus
    effect: float
    """Probability of the topic with the word minus its probability without it, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The words of a text, in order, with the effect of each on the probability of one topic."""

    label: int
    """Label of that topic."""
    words: list[WordEffect]


class Explainer:
    """Computes an explanation by leaving out each word in turn (Li et al. 2016, arXiv:1612.08220).

    The work is divided into `pieces`, between which a server can process other requests.
    """

    def __init__(self, classifier: TopicClassifier, text: str, topic: str | None = None) -> None:
        """Prepare an explanation.

        Args:
            classifier: the model.
            text: at most MAX_WORDS words.
            topic: code of the topic to explain; the most probable one by default.

        Raises:
            UnknownTopicError: the model has no such topic.
            TextTooLongError: the text has more than MAX_WORDS words.
        """
        label = None if topic is None else classifier.label(topic)
        words = tokenize(text)
        if len(words) > MAX_WORDS:
            raise TextTooLongError(f"An explanation covers {MAX_WORDS} words at most, and this text has {len(words)}.")
        self._classifier = classifier
        self._encoder = classifier.encoder
        self._located = locate(text)
        self._words = words
        probabilities = classifier.probabilities([self._encoder.encode_words(words)])[0]
        self.label = int(probabilities.argmax()) if label is None else label
        self._probability = probabilities[self.label]

    @property
    def variants(self) -> int:
        """Number of texts to classify: one per word."""
        return len(self._words)

    @property
    def pieces(self) -> list[range]:
        """Index ranges of the words, each about a millisecond of work."""
        step = max(1, WORDS_AT_ONCE // max(1, len(self._words)))
        return [range(start, min(start + step, len(self._words))) for start in range(0, len(self._words), step)]

    def effects(self, piece: range) -> list[WordEffect]:
        """The effects of the words of one piece."""
        statuses = [self._encoder.status(self._words[i]) for i in piece]
        # Leaving out an unknown word changes nothing, so its effect is 0.
        known = [i for i, status in zip(piece, statuses, strict=True) if status != "unknown"]
        without = [self._encoder.encode_words(self._words[:i] + self._words[i + 1 :]) for i in known]
        drops = (self._probability - self._classifier.probabilities(without)[:, self.label]).tolist()
        effects = dict(zip(known, drops, strict=True))
        return [
            WordEffect(word.word, word.start, word.end, status, effects.get(i, 0.0))
            for i, word, status in zip(piece, self._located[piece.start : piece.stop], statuses, strict=True)
        ]

    def explanation(self, effects: Iterable[list[WordEffect]]) -> Explanation:
        """Join the effects of all pieces, in order."""
        return Explanation(self.label, [effect for piece in effects for effect in piece])


def explain(classifier: TopicClassifier, text: str, topic: str | None = None) -> Explanation:
    """Compute a whole explanation at once; see Explainer for arguments and errors."""
    explainer = Explainer(classifier, text, topic)
    return explainer.explanation(map(explainer.effects, explainer.pieces))
