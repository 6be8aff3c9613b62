"""The answers as frozen dataclasses, and how they are read from JSON. Unknown fields are ignored."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache, partial
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


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
    status: str
    """`known`, `rare` or `unknown`."""
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
    abstained: str | None
    """Why the model does not stand by the answer, such as `no_known_words` or `low_confidence`; None when it does."""
    model: Model
    topic_set: tuple[str, ...] | None = None
    explanation: Explanation | None = None

    @property
    def best(self) -> Prediction | None:
        """The most probable topic, if there is an answer at all."""
        return self.predictions[0] if self.predictions else None


@dataclass(frozen=True, slots=True)
class Refused:
    """In place of an Answer, with `on_error="skip"`: a headline that cannot be answered."""

    index: int
    """Its place among the headlines that were passed, from 0."""
    reason: str


OnError: TypeAlias = Literal["raise", "skip"]


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


def read(kind: type[T], raw: object, **made: object) -> T:
    """A dataclass from a JSON object with the same field names.

    Args:
        kind: a dataclass of this module.
        raw: the JSON value.
        made: fields that the JSON object does not hold.

    Raises:
        ValueError: `raw` is not an object, lacks a field without default, or holds one of another type.
    """
    if not isinstance(raw, dict):
        raise ValueError(f"{kind.__name__}: expected an object, not {type(raw).__name__}")  # noqa: TRY004 - data
    values = dict(made)
    for name, (convert, required) in _readers(kind).items():  # type: ignore[arg-type]  # a class is hashable
        if name in raw and name not in made:
            try:
                values[name] = convert(raw[name])
            except ValueError as error:
                raise ValueError(f"{kind.__name__}.{name}: {error}") from None
        elif required and name not in made:
            raise ValueError(f"{kind.__name__}.{name}: missing")
    return kind(**values)


@cache
def _readers(kind: type[Any]) -> dict[str, tuple[Callable[[object], object], bool]]:
    """For each field: how to read it, and whether it must be there."""
    hints = get_type_hints(kind)
    return {one.name: (_reader(hints[one.name]), one.default is MISSING) for one in fields(kind)}


def _reader(hint: Any) -> Callable[[object], object]:  # noqa: ANN401 - a type expression
    """How to read a value of a field's type; covers the types that this module uses."""
    if is_dataclass(hint):
        return partial(read, hint)  # type: ignore[arg-type]  # a class, not an instance
    if type(None) in get_args(hint):
        inner = _reader(next(one for one in get_args(hint) if one is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return lambda value: tuple([item(one) for one in _checked(value, list)])
    return partial(_checked, kind=get_origin(hint) or hint)


def _checked(value: Any, kind: type) -> Any:  # noqa: ANN401 - JSON
    # A number of JSON may come without a point; True is an int only in Python.
    if isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected {kind.__name__}, not {type(value).__name__}")
