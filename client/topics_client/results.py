"""The answers as frozen dataclasses. Fields that a later service may add are ignored."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Abstention = Literal["no_known_words", "low_confidence"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A topic and how probable it is."""

    topic: str
    name: str
    label: int
    probability: float


@dataclass(frozen=True, slots=True)
class Words:
    """How much of the text the model knew."""

    known: int
    rare: int
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordEffect:
    """One word, `headline[start:end]`, and what it did to the explained topic's probability."""

    word: str
    start: int
    end: int
    status: Literal["known", "rare", "unknown"]
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each word did for one topic."""

    topic: str
    words: tuple[WordEffect, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Which model answered."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one text."""

    predictions: tuple[Prediction, ...]
    """Most probable first; empty when the model knows not one word."""
    words: Words
    abstained: Abstention | None
    """Why the model does not stand by the answer; None when it does."""
    model: Model
    topic_set: tuple[str, ...] | None = None
    explanation: Explanation | None = None

    @property
    def best(self) -> Prediction | None:
        """The most probable topic, if there is an answer at all."""
        return self.predictions[0] if self.predictions else None


@dataclass(frozen=True, slots=True)
class TopicSkill:
    """A topic and what is known of the model's skill at it."""

    label: int
    topic: str
    name: str
    support: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the manifest says; `manifest` is all of it."""

    name: str
    version: str
    digest: str
    description: str
    manifest: dict[str, Any] = field(repr=False)


def read(kind: type[T], raw: dict[str, Any], **made: object) -> T:
    """A dataclass out of JSON's fields of the same names; `made` are those that are more than plain values."""
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # every `kind` here is a dataclass
    return kind(**({name: value for name, value in raw.items() if name in names} | made))


def read_answer(raw: dict[str, Any], model: Model) -> Answer:
    """One of `results`, or the answer to a single headline."""
    explanation, topics = raw.get("explanation"), raw.get("topic_set")
    return Answer(
        predictions=tuple([read(Prediction, one) for one in raw["predictions"]]),
        words=read(Words, raw["words"], unknown=tuple(raw["words"]["unknown"])),
        abstained=raw["abstained"],
        model=model,
        topic_set=None if topics is None else tuple(topics),
        explanation=explanation
        and Explanation(explanation["topic"], tuple([read(WordEffect, one) for one in explanation["words"]])),
    )
