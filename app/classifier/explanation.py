"""Why a topic: what its probability loses when a word is left out."""

from dataclasses import dataclass

from app.classifier.classifier import TopicClassifier
from app.classifier.encoding import Status, locate
from app.classifier.errors import TextTooLongError

MAX_WORDS = 200
"""n words need n + 1 rows of up to n ids: at this length still some ten milliseconds."""


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


def explain(classifier: TopicClassifier, text: str, topic: str | None = None) -> Explanation:
    """Leave each word out in turn (Li et al. 2016, arXiv:1612.08220) and see what one topic loses.

    Args:
        classifier: whose answer is explained.
        text: at most MAX_WORDS words.
        topic: code of the topic; by default the most probable one.

    Raises:
        UnknownTopicError: `topic` is not one of the model's.
        TextTooLongError: the text has more than MAX_WORDS words.
    """
    label = None if topic is None else classifier.label(topic)
    places = locate(text)
    if len(places) > MAX_WORDS:
        raise TextTooLongError(f"An explanation covers {MAX_WORDS} words at most, and this text has {len(places)}.")
    words = [place.word for place in places]
    encoder = classifier.encoder
    variants = [encoder.encode_words(words)]
    variants += [encoder.encode_words(words[:i] + words[i + 1 :]) for i in range(len(words))]
    probabilities = classifier.probabilities(variants)
    if label is None:
        label = int(probabilities[0].argmax())
    effects = (probabilities[0, label] - probabilities[1:, label]).tolist()
    return Explanation(
        label,
        [
            WordEffect(place.word, place.start, place.end, encoder.status(place.word), effect)
            for place, effect in zip(places, effects, strict=True)
        ],
    )
