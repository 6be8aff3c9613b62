"""Results as frozen dataclasses, read from the service's JSON. Unknown fields are ignored."""

import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache, partial
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A topic and its probability."""

    topic: str
    """Topic code, such as `crude`."""
    name: str
    """Name of the topic."""
    label: int
    """Index of the topic in the model's output, from 0."""
    probability: float
    """0 to 1; over all topics the probabilities sum to 1."""


@dataclass(frozen=True, slots=True)
class Words:
    """How many words of the text the model knows."""

    known: int
    rare: int
    """Words of the training corpus that are too infrequent for the model's vocabulary."""
    unknown: tuple[str, ...]
    """Words that are not in the training corpus, each once."""


@dataclass(frozen=True, slots=True)
class WordEffect:
    """One word, `headline[start:end]` in code points, and its effect on the explained probability."""

    word: str
    start: int
    end: int
    status: str
    """`known`, `rare` or `unknown`."""
    effect: float
    """Probability with the word minus probability without it, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The effect of each word on the probability of one topic, or of `outside`."""

    topic: str | None
    """Code of the topic; None: the effects are on `Answer.outside`."""
    words: tuple[WordEffect, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Name and version of the model that answered."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The service's answer to one headline."""

    predictions: tuple[Prediction, ...]
    """Most probable first; empty if the model knows no word of the headline."""
    words: Words
    abstained: str | None
    """Why the model abstains, such as `no_known_words`, `outside` or `low_confidence`; None if it does not."""
    model: Model
    topic_set: tuple[str, ...] | None = None
    """Codes of the prediction set, which holds the right topic at the manifest's coverage; None if the model has none.

    If a headline may have several labels (`multi_label` of the manifest): those that it has, most probable first.
    """
    explanation: Explanation | None = None
    """Only with `explain=True`."""
    outside: float | None = None
    """Probability that the headline is about none of the topics.

    None if the model has no outside class, or knows no word of the headline.
    """

    @property
    def best(self) -> Prediction | None:
        """The most probable topic; None if there are no predictions, or the headline is about none of the topics.

        The latter is what `abstained == "outside"` says; `predictions[0]` is still the best guess.
        If a headline may have several labels, `topic_set` has those that it has, and this is the most probable one.
        """
        return self.predictions[0] if self.predictions and self.abstained != "outside" else None


@dataclass(frozen=True, slots=True)
class Refused:
    """Returned instead of an Answer with `on_error="skip"`, for a headline that cannot be classified."""

    index: int
    """Index among the headlines that were passed, from 0."""
    reason: str
    """Why, as the rest of a sentence that begins with the headline."""


OnError: TypeAlias = Literal["raise", "skip"]


@dataclass(frozen=True, slots=True)
class TopicSkill:
    """A topic, with the precision, recall and F1 of the model on the test set."""

    label: int
    topic: str
    name: str
    support: int
    """Number of training texts with this topic."""
    precision: float | None = None
    """0 to 1, as recall and F1. None: never predicted; of recall and F1: no test text has the topic."""
    recall: float | None = None
    f1: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model's identity, and in `manifest` all of GET /model."""

    name: str
    version: str
    digest: str
    description: str
    manifest: dict[str, Any] = field(repr=False)


def read(kind: type[T], raw: object, **made: object) -> T:
    """Make a dataclass from a JSON object with the same field names.

    Args:
        kind: a dataclass of this module.
        raw: the JSON value.
        made: values of fields that the JSON object does not hold.

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
    """For each field, a function that reads it, and whether it is required."""
    hints = get_type_hints(kind)
    return {field.name: (_reader(hints[field.name]), field.default is MISSING) for field in fields(kind)}


def _reader(hint: Any) -> Callable[[object], object]:  # noqa: ANN401 - a type expression
    """A function that reads a value of a field's type; supports the types that this module uses."""
    if is_dataclass(hint):
        return partial(read, hint)  # type: ignore[arg-type]  # a class, not an instance
    if type(None) in get_args(hint):
        inner = _reader(next(member for member in get_args(hint) if member is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return lambda value: tuple([item(element) for element in _ensure_type(value, list)])
    return partial(_ensure_type, kind=get_origin(hint) or hint)


def _ensure_type(value: Any, kind: type) -> Any:  # noqa: ANN401 - JSON
    if kind is float and isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        raise ValueError("expected a finite number")  # Python reads 1e999 as infinite, and integers of any length
    # JSON may write a float without a decimal point; bool is a subclass of int only in Python.
    if isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected {kind.__name__}, not {type(value).__name__}")
