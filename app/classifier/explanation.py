"""Explains an answer by occlusion: how much a probability, a topic's or outside, drops when each word is left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.classifier.classifier import Classification, TopicClassifier
from app.classifier.encoding import WordStatus
from app.classifier.errors import TextTooLongError
from app.classifier.inference.leave_one_out import Variant, leave_one_out

MAX_WORDS = 200
"""Maximum number of words of an explained text: n words require n texts of n - 1 words."""

WORDS_AT_ONCE = 100
IDS_AT_ONCE = 2_000
"""A part of the work ends at either limit: a number of words, or of ids that differ. It takes about a millisecond."""


class WordEffect(NamedTuple):
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

    def __init__(
        self, classifier: TopicClassifier, text: str, answer: Classification, topic: str | None = None
    ) -> None:
        """Prepare an explanation.

        Args:
            classifier: the model.
            text: at most MAX_WORDS words.
            answer: the model's answer to the text, with `top_k` of 1 or more.
            topic: code of the topic to explain; by default the most probable one, or the outside class if the text is
                outside.

        Raises:
            UnknownTopicError: the model has no such topic.
            TextTooLongError: the text has more than MAX_WORDS words.
        """
        encoded = answer.encoded
        if encoded.words > MAX_WORDS:
            raise TextTooLongError(
                f"An explanation covers {MAX_WORDS} words at most, but this text has {encoded.words}; shorten it."
            )
        self.label = _label(classifier, answer) if topic is None else classifier.label(topic)
        """Label of the explained topic; None: the outside class."""
        self._classifier = classifier
        self._ids = encoded.ids
        self._whole = Variant([], [], encoded.oov_share)
        self._located = classifier.encoder.locate(text)
        self._variants = leave_one_out(classifier.encoder, [word.word for word in self._located])

    @property
    def variant_count(self) -> int:
        """Number of texts to classify: one per word."""
        return len(self._variants)

    @property
    def parts(self) -> list[range]:
        """Index ranges of the words, each about a millisecond of work."""
        largest = max((len(lost) + len(gained) for lost, gained, _ in self._variants), default=0)
        step = max(1, min(WORDS_AT_ONCE, IDS_AT_ONCE // (1 + largest)))
        return [range(start, min(start + step, self.variant_count)) for start in range(0, self.variant_count, step)]

    def effects(self, part: range) -> list[WordEffect]:
        """The effects of the words of one part."""
        # The whole text is computed in the same way, so a word that changes nothing has an effect of exactly 0.
        variants = [self._whole, *self._variants[part.start : part.stop]]
        values = self._classifier.infer_variants(self._ids, variants, self.label)
        effects = (values[0] - values[1:]).round(8).tolist()
        status = self._classifier.encoder.status
        return [
            WordEffect(word, start, end, status(word), effect)
            for (word, start, end), effect in zip(self._located[part.start : part.stop], effects, strict=True)
        ]

    def explanation(self, effects: Iterable[list[WordEffect]]) -> Explanation:
        """Join the effects of all parts, in order."""
        return Explanation(self.label, [effect for part in effects for effect in part])


def _label(classifier: TopicClassifier, answer: Classification) -> int | None:
    """Label of the most probable topic; None if the text is outside."""
    if answer.abstained == "outside":
        return None
    if answer.labels:
        return answer.labels[0]
    return int(classifier.probabilities([answer.encoded]).argmax())  # no word is known, so the answer has no topics


def explain(classifier: TopicClassifier, text: str, topic: str | None = None) -> Explanation:
    """Compute a whole explanation at once; see Explainer for arguments and errors."""
    [answer] = classifier.classify([text], top_k=1)
    explainer = Explainer(classifier, text, answer, topic)
    return explainer.explanation(map(explainer.effects, explainer.parts))
