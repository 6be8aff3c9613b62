"""Schema of a bundle's `manifest.json`, written by training and read by serving."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileEntry(_Part):
    """Size and hash of one file of the bundle."""

    sha256: Sha256
    size: int = Field(ge=0, description="bytes")


class EncodingSpec(_Part):
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


class Array(_Part):
    """Position of a weight in `model.keras`: little-endian float32 in row-major order, from byte `offset`."""

    offset: int = Field(ge=0, description="bytes from the start of the file")
    shape: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1, max_length=2)


class DenseLayer(_Part):
    """One dense layer: activation(x @ kernel + bias)."""

    unit_length: bool = Field(default=False, description="scale x to length 1 first; only for the first layer")
    kernel: Array
    bias: Array
    activation: Literal["relu", "tanh", "linear", "softmax"]


class Topic(_Part):
    """A topic, with its training support and the model's measured precision, recall and F1."""

    label: int = Field(ge=0)
    code: str = Field(min_length=1, description="Reuters topic code, as in the archive")
    name: str = Field(min_length=1, description="plain English name")
    support: int = Field(ge=0, description="training wires with this label")
    precision: float | None = Field(default=None, ge=0, le=1, description="on held-out material; null: never predicted")
    recall: float | None = Field(default=None, ge=0, le=1, description="on held-out material; null: no wire has it")
    f1: float | None = Field(default=None, ge=0, le=1, description="on held-out material")


class Calibration(_Part):
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599), T = exp(intercept + gap_slope * log(1 + gap)).

    The gap is the difference between a text's largest logit and the mean of its logits. With one temperature for all
    texts, the most confident predictions stay overconfident while others become underconfident. Balanya et al. 2022
    (arXiv:2208.00461) therefore make it depend on the entropy; the gap carries the same information and needs no second
    softmax.
    """

    intercept: float = Field(ge=-10, le=10)
    gap_slope: float = Field(default=0.0, ge=-10, le=10, description="of log(1 + best logit - mean logit)")

    def temperatures(self, gaps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Temperatures for gaps float32 [n] or [n, 1], in the same shape."""
        return math.exp(self.intercept) * (1 + gaps) ** self.gap_slope


class TopicSet(_Part):
    """Prediction sets by split conformal prediction with the LAC score (Sadinle et al. 2019, arXiv:1609.00451)."""

    coverage: float = Field(gt=0, lt=1, description="share of headlines whose topic is in the set")
    threshold: float = Field(gt=0, le=1, description="least probability of a topic in the set")


class Manifest(_Part):
    """Everything that a server needs in order to verify and run a model."""

    format: Literal[1] = 1
    name: Slug
    version: Slug
    description: str = ""
    encoding: EncodingSpec
    network: tuple[DenseLayer, ...] | None = Field(
        default=None, description="the model's dense layers; null: not a stack of dense layers, needs Keras"
    )
    topics: tuple[Topic, ...] = Field(min_length=2)
    calibration: Calibration | None = None
    topic_set: TopicSet | None = None
    files: dict[str, FileEntry]
    recipe: dict[str, Any] = Field(default_factory=dict, description="name, hyperparameters and seeds")
    data: dict[str, Any] = Field(default_factory=dict, description="what it was trained on, with SHA-256")
    libraries: dict[str, str] = Field(default_factory=dict, description="versions it was trained with")
    figures: dict[str, Any] = Field(default_factory=dict, description="measured on held-out material")
    reference: dict[str, Any] = Field(default_factory=dict, description="training's topic mix and unknown-word ratio")
