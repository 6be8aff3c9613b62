"""Why a topic: what its probability loses when a word is left out."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.classifier.classifier import TopicClassifier
from app.classifier.encoding import Status, locate, tokenize
from app.classifier.errors import TextTooLongError

MAX_WORDS = 200
"""n words need n texts of n - 1 words: at this length some tens of milliseconds."""

WORDS_AT_ONCE = 2_000
"""Words that one piece of the work encodes: about a millisecond."""


@dataclass(frozen=True, slots=True)
class WordEffect:
    """One word of a text, `text[start:end]` in code points."""

    word: str
    start: int
    end: int
    status: Status
    effect: float
    """Probability of the topic with the word, minus its probability without; between -1 and 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The words of a text, in order, and what each did for one topic."""

    label: int
    words: list[WordEffect]


class Explainer:
    """Leaves each word out in turn (Li et al. 2016, arXiv:1612.08220) and sees what one topic loses.

    The work is cut into `pieces`, so that a server can do something else between two of them.
    """

    def __init__(self, classifier: TopicClassifier, text: str, topic: str | None = None) -> None:
        """Prepare an explanation.

        Args:
            classifier: whose answer is explained.
            text: at most MAX_WORDS words.
            topic: code of the topic; by default the most probable one.

        Raises:
            UnknownTopicError: `topic` is not one of the model's.
            TextTooLongError: the text has more than MAX_WORDS words.
        """
        label = None if topic is None else classifier.label(topic)
        words = tokenize(text)
        if len(words) > MAX_WORDS:
            raise TextTooLongError(f"An explanation covers {MAX_WORDS} words at most, and this text has {len(words)}.")
        self._classifier = classifier
        self._encoder = classifier.encoder
        self._places = locate(text)
        self._words = words
        whole = classifier.probabilities([self._encoder.encode_words(words)])[0]
        self.label = int(whole.argmax()) if label is None else label
        self._whole = whole[self.label]

    @property
    def variants(self) -> int:
        """How many texts are classified: one for each word."""
        return len(self._words)

    @property
    def pieces(self) -> list[range]:
        """The words in pieces of about a millisecond's work each."""
        step = max(1, WORDS_AT_ONCE // max(1, len(self._words)))
        return [range(start, min(start + step, len(self._words))) for start in range(0, len(self._words), step)]

    def effects(self, piece: range) -> list[WordEffect]:
        """What the words of one piece did."""
        statuses = [self._encoder.status(self._words[i]) for i in piece]
        # Leaving an unknown word out changes nothing, so its effect is 0.
        known = [i for i, status in zip(piece, statuses, strict=True) if status != "unknown"]
        without = [self._encoder.encode_words(self._words[:i] + self._words[i + 1 :]) for i in known]
        lost = dict(
            zip(known, (self._whole - self._classifier.probabilities(without)[:, self.label]).tolist(), strict=True)
        )
        return [
            WordEffect(place.word, place.start, place.end, status, lost.get(i, 0.0))
            for i, place, status in zip(piece, self._places[piece.start : piece.stop], statuses, strict=True)
        ]

    def explanation(self, effects: Iterable[list[WordEffect]]) -> Explanation:
        """The explanation, from the effects of each piece."""
        return Explanation(self.label, [word for some in effects for word in some])


def explain(classifier: TopicClassifier, text: str, topic: str | None = None) -> Explanation:
    """The whole explanation at once; arguments and errors are those of Explainer."""
    explainer = Explainer(classifier, text, topic)
    return explainer.explanation(map(explainer.effects, explainer.pieces))
