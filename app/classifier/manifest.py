"""Schema of a bundle's `manifest.json`, written by training and read by serving."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic requires this one before Python 3.12

from app.classifier.tokenizer import CharacterReferences, Tokenizer
from app.control_characters import has_control_character


def _without_control_characters(text: str) -> str:
    if has_control_character(text):
        raise PydanticCustomError("control_character", "must have no line break and no control character")
    return text


OneLine = Annotated[str, AfterValidator(_without_control_characters)]
"""A text that terminals, logs, CSV, metrics and pages show as it is; `fit` refuses other labels, too."""
Line = Annotated[OneLine, Field(min_length=1)]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Ratio = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PieceSize = Annotated[int, Field(ge=2, le=8)]
SLUG = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names and versions of bundles: they are parts of URLs."""

Slug = Annotated[str, Field(pattern=SLUG)]


ADDED: Mapping[int, tuple[str, ...]] = {
    2: ("outside", "calibration.unknown_slope", "encoding.references"),
    3: ("encoding.split_unspaced", "encoding.pieces", "title", "language"),
    4: ("multi_label",),
    5: ("encoding.split_symbols",),
    6: ("encoding.split_marks",),
}
"""Format -> the fields that it added. A manifest in which one of them is not at its default needs this format, because
an older release would misread the model."""
FORMATS = (1, *ADDED)
"""Values of `format` that this release reads."""
NEWER_FORMAT = "newer_format"
"""Type of the validation error for a higher value."""


ONE_ERROR = FailFast()
"""For arrays and objects of any length: each error of a million elements would take a kilobyte."""

MAX_FILES = 100
"""Maximum number of files of a bundle: all are read when it is loaded."""

MAX_LAYERS = 100
"""Maximum number of dense layers: each takes time for every text, even if it has one unit."""


class Part(BaseModel):
    """A JSON object of a bundle that has no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _keep_one_unknown_field(cls, given: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Like FailFast, which pydantic has only for arrays: no errors for the unknown fields after the first."""
        if isinstance(given, dict) and len(given) > len(known := cls.model_fields):
            first = next(name for name in given if name not in known)
            return {name: given[name] for name in (*known, first) if name in given}
        return given


class FileEntry(Part):
    """Size and hash of one file of the bundle."""

    sha256: Sha256
    size: int = Field(ge=0, description="bytes")


class EncodingSpec(Part):
    """How words become ids.

    The defaults are those of `keras.datasets.reuters.load_data(num_words=10000)`: a word's id is its rank plus
    `offset`, id 1 starts each text, and id 2 stands for words whose id would not be below `size`.
    """

    size: int = Field(default=10_000, gt=0, description="width of the multi-hot vector")
    offset: int = Field(default=3, ge=0, description="added to a word's rank to make its id")
    start_id: int | None = Field(default=1, ge=0, description="id set for every text")
    rare_id: int | None = Field(default=2, ge=0, description="id set when a word's own id is not below size")
    pairs: bool = Field(default=False, description="the word index also ranks pairs of adjacent words ('oil prices')")
    repeats: bool = Field(default=False, description="it also ranks words that occur twice or more ('oil *2')")
    lead: int | None = Field(
        default=None,
        gt=0,
        description="length of the lead in words, not counting unknown ones; a word that first occurs after it gets the"
        " id of its own entry in the word index ('oil *later'); null: the position of a word does not matter",
    )
    references: CharacterReferences = Field(
        default="keras",
        description="HTML character references that are decoded: html: all; keras: all but `&lt;`, `&amp;` and those of"
        " control characters, whose names and numbers are words of the Keras data set",
    )
    split_unspaced: bool = Field(
        default=False,
        description="characters of scripts that are written without spaces between words (Han, kana, Thai, Lao, Khmer,"
        " Myanmar) are words, each with its marks",
    )
    split_symbols: bool = Field(
        default=False,
        description="symbols (category So of Unicode, such as emoji) are words; if false, they separate words",
    )
    split_marks: bool = Field(
        default=False, description="question and exclamation marks are words; if false, they separate words"
    )
    pieces: tuple[PieceSize, PieceSize] | None = Field(
        default=None,
        description="the word index also ranks pieces of words ('<oi *piece'), from the first to the second number of"
        " characters, where `<` and `>` mark the ends of a word; a word without an id has the ids of its pieces",
    )

    @property
    def tokenizer(self) -> Tokenizer:
        """Splits texts as the encoding says."""
        return Tokenizer(self.references, self.split_unspaced, self.split_symbols, self.split_marks)

    @model_validator(mode="after")
    def _validate_pieces(self) -> "EncodingSpec":
        if self.pieces and self.pieces[0] > self.pieces[1]:
            raise PydanticCustomError("pieces", "`pieces` has the least number of characters first")
        return self


class Array(Part):
    """Position of a weight in `model.keras`: little-endian float32 in row-major order, from byte `offset`."""

    offset: int = Field(ge=0, description="bytes from the start of the file")
    shape: Annotated[tuple[Annotated[int, Field(gt=0)], ...], ONE_ERROR] = Field(min_length=1, max_length=2)


OutputActivation = Literal["softmax", "sigmoid"]
"""Activation of the last layer: softmax if a text has one label, sigmoid if it may have several."""
Activation = Literal["relu", "tanh", "linear", OutputActivation]


class DenseLayer(Part):
    """One dense layer: activation(x @ kernel + bias)."""

    unit_length: bool = Field(default=False, description="scale x to length 1 first; only for the first layer")
    kernel: Array
    bias: Array
    activation: Activation


class Topic(Part):
    """A topic, with its training support and the model's measured precision, recall and F1."""

    label: int = Field(ge=0)
    code: Line = Field(description="short code of the topic; in the Reuters models that of the archive")
    name: Line = Field(description="name of the topic for people")
    support: int = Field(ge=0, description="training texts with this label")
    precision: float | None = Field(default=None, ge=0, le=1, description="on held-out material; null: never predicted")
    recall: float | None = Field(default=None, ge=0, le=1, description="on held-out material; null: no text has it")
    f1: float | None = Field(default=None, ge=0, le=1, description="on held-out material")


class Calibration(Part):
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599).

    T = exp(intercept + gap_slope * log(1 + gap) + unknown_slope * share)

    The gap is the difference between a text's largest logit and the mean of its logits. With one temperature for all
    texts, the most confident predictions stay overconfident while others become underconfident. Balanya et al. 2022
    (arXiv:2208.00461) therefore make it depend on the entropy; the gap carries the same information and needs no second
    softmax. The share is that of the text's words that are out of vocabulary (without an id of their own): a model
    knows less about a text of which it reads less.
    """

    intercept: float = Field(ge=-10, le=10)
    gap_slope: float = Field(default=0.0, ge=-10, le=10, description="of log(1 + best logit - mean logit)")
    unknown_slope: float = Field(
        default=0.0, ge=-10, le=10, description="of the share of words that are out of vocabulary"
    )


class Outside(Part):
    """Outside class: the probability that a text is about none of the topics, by logistic regression.

    outside = sigmoid(intercept + score * s + confidence * log(p / (1 - p)) + unknown * u)

    s: logit of the network's last unit, which follows the topics' units and takes no part in their softmax.
    p: calibrated probability of the most probable topic, rounded to eight digits and at most 0.999 (`MAX_CONFIDENCE`).
    u: share of the text's words that are out of vocabulary.
    """

    intercept: float = Field(ge=-100, le=100)
    score: float = Field(ge=-100, le=100, description="of the logit of the network's last unit")
    confidence: float = Field(default=0.0, ge=-100, le=100, description="of the log-odds of the most probable topic")
    unknown: float = Field(default=0.0, ge=-100, le=100, description="of the share of words that are out of vocabulary")
    threshold: float = Field(gt=0, le=1, description="a text above it is answered `abstained: outside`; 1: never")
    lost: float | None = Field(
        default=None, ge=0, le=1, description="share of held-out texts with a topic that are above the threshold"
    )
    found: float | None = Field(
        default=None, ge=0, le=1, description="share of held-out texts without a topic that are above the threshold"
    )


class Reference(TypedDict, total=False):
    """What training expects of new texts, for drift."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    topic_mix: Annotated[dict[str, Ratio], ONE_ERROR]
    """Share of each topic code in training."""
    unknown_word_ratio: Ratio
    """Share of unknown words to expect in new texts."""
    rare_word_ratio: Ratio
    """Share of rare words to expect in new texts."""
    outside_ratio: Ratio
    """Mean outside probability to expect of new texts."""


class TopicSet(Part):
    """Prediction sets by split conformal prediction with the LAC score (Sadinle et al. 2019, arXiv:1609.00451)."""

    coverage: float = Field(gt=0, lt=1, description="share of headlines whose topic is in the set")
    threshold: float = Field(gt=0, le=1, description="least probability of a topic in the set")


class MultiLabel(Part):
    """A text may have any number of the labels, also none.

    The probability of a label is the sigmoid of its unit, whatever the others are, so they do not sum to 1. It is
    calibrated by the weights of the last layer themselves.
    """

    thresholds: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], ONE_ERROR] = Field(
        description="for each label, the least probability with which a text has it; chosen on held-out texts"
    )


class Manifest(Part):
    """Everything that a server needs in order to verify and run a model."""

    format: int = Field(
        default=1, strict=True, description="higher than 1 if an older release would misread the bundle"
    )
    name: Slug
    version: Slug
    title: OneLine = Field(default="", max_length=200, description="title for people; empty: the name")
    language: LanguageTag | None = Field(
        default=None, description="language of the texts, as a BCP 47 tag (ko, ar, zh-Hant); null: not stated"
    )
    description: OneLine = ""
    encoding: EncodingSpec
    network: Annotated[tuple[DenseLayer, ...] | None, ONE_ERROR] = Field(
        default=None,
        max_length=MAX_LAYERS,
        description="the model's dense layers; null: not a stack of dense layers, needs Keras",
    )
    topics: Annotated[tuple[Topic, ...], ONE_ERROR] = Field(min_length=2)
    calibration: Calibration | None = None
    topic_set: TopicSet | None = None
    multi_label: MultiLabel | None = Field(
        default=None, description="a text may have several labels; null: it has one, and the probabilities sum to 1"
    )
    outside: Outside | None = Field(
        default=None, description="outside class; null: the model was not trained to tell that no topic fits"
    )
    files: Annotated[dict[Line, FileEntry], ONE_ERROR] = Field(max_length=MAX_FILES)
    recipe: dict[str, Any] = Field(default_factory=dict, description="name, hyperparameters and seeds")
    data: dict[str, Any] = Field(default_factory=dict, description="what it was trained on, with SHA-256")
    libraries: Annotated[dict[str, str], ONE_ERROR] = Field(
        default_factory=dict, description="versions it was trained with"
    )
    figures: dict[str, Any] = Field(default_factory=dict, description="measured on held-out material")
    reference: Reference = Field(default_factory=Reference, description="what training expects of new texts, for drift")

    @property
    def full_name(self) -> str:
        """`NAME/VERSION`, which no other model of a service has."""
        return f"{self.name}/{self.version}"

    @property
    def title_or_name(self) -> str:
        """The title, or the name as words: `support-requests` becomes `Support requests`."""
        words = re.sub(r"[-_.]+", " ", self.name).strip() or self.name
        return self.title or words[0].upper() + words[1:]

    @property
    def units(self) -> int:
        """Width of the network's last layer: one unit per topic, and one for the outside class if there is one."""
        return len(self.topics) + (self.outside is not None)

    @property
    def output(self) -> OutputActivation:
        """Activation of the model's last layer."""
        return "sigmoid" if self.multi_label else "softmax"

    @property
    def min_format(self) -> int:
        """The lowest `format` that says what the bundle needs."""
        return max((number for number, fields in ADDED.items() if any(map(self._uses, fields))), default=1)

    def _uses(self, field: str) -> bool:
        """Whether a field of `ADDED` differs from its default."""
        part, _, name = field.rpartition(".")
        owner = getattr(self, part) if part else self
        return owner is not None and getattr(owner, name) != type(owner).model_fields[name].default

    @field_validator("format")
    @classmethod
    def _validate_format(cls, value: int) -> int:
        if value not in FORMATS:
            raise PydanticCustomError(
                NEWER_FORMAT if value > FORMATS[-1] else "format",
                "this release reads {known}, not {value}",
                {"known": f"formats {FORMATS[0]} to {FORMATS[-1]}", "value": value},
            )
        return value

    @model_validator(mode="after")
    def _validate_needs(self) -> "Manifest":
        needed = self.min_format
        if self.format < needed:
            fields = ", ".join(f"`{field}`" for field in ADDED[needed] if self._uses(field))
            needs = {"needed": needed, "fields": fields, "format": self.format}
            raise PydanticCustomError("format", "needs format {needed} for {fields}, not {format}", needs)
        return self

    @model_validator(mode="after")
    def _validate_multi_label(self) -> "Manifest":
        if self.multi_label is None:
            return self
        if self.calibration or self.topic_set or self.outside:
            raise PydanticCustomError(
                "multi_label",
                "`multi_label` excludes `calibration`, `topic_set` and `outside`, which are for one label",
            )
        if len(self.multi_label.thresholds) != len(self.topics):
            raise PydanticCustomError("multi_label", "`multi_label.thresholds` needs one threshold for each topic")
        return self
