"""What goes in and what comes out; OpenAPI is made from these."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.settings import Settings

Probability = Annotated[float, Field(ge=0, le=1)]
TopK = Annotated[int, Field(ge=1, le=46, description="How many topics to return, most probable first.")]


class _Query(BaseModel):
    # Strict: "5" is not 5. Extra fields are kept for the route to refuse them: with "forbid" pydantic makes an error of
    # each, and 300 MB of a body with 250,000 of them.
    model_config = ConfigDict(strict=True, extra="allow")

    top_k: TopK = 5


class PredictRequest(_Query):
    """One text to classify."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "examples": [{"headline": "Oil prices rise as OPEC agrees to cut output", "top_k": 3}],
        }
    )

    headline: Annotated[str, Field(min_length=1, description="A headline, or a whole wire.")]
    explain: Annotated[bool, Field(description="Also say what each word did for one topic.")] = False
    explain_topic: Annotated[
        str | None,
        Field(
            max_length=200, description="With `explain`: code of the topic to explain; default: the most probable one."
        ),
    ] = None


class BatchRequest(_Query):
    """Several texts to classify."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "examples": [{"headlines": ["Gold falls to a three-month low", "Wheat crop damaged"]}],
        }
    )

    headlines: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


def queries(settings: Settings) -> tuple[type[PredictRequest], type[BatchRequest]]:
    """The two with an operator's limits in them, so that pydantic checks and OpenAPI tells the real ones.

    The batch's length is documented here but checked by the route: too many headlines is 413, not 422.
    """
    text = Annotated[str, Field(min_length=1, max_length=settings.max_characters)]
    # Fails fast: a body of a million wrong values must not keep everybody waiting for a million messages.
    batch = Annotated[
        list[text], Field(fail_fast=True, min_length=1, json_schema_extra={"maxItems": settings.max_batch})
    ]
    return (
        create_model("PredictRequest", __base__=PredictRequest, headline=(text, ...)),
        create_model("BatchRequest", __base__=BatchRequest, headlines=(batch, ...)),
    )


class Prediction(BaseModel):
    """A topic and how probable it is."""

    topic: Annotated[str, Field(examples=["crude"])]
    name: Annotated[str, Field(examples=["Crude oil"])]
    label: Annotated[int, Field(examples=[16])]
    probability: Annotated[Probability, Field(examples=[0.97])]


class Words(BaseModel):
    """How much of the text the model knew."""

    known: Annotated[int, Field(description="Words with a place in the multi-hot vector.")]
    rare: Annotated[int, Field(description="Words of the training corpus beyond the most frequent ones.")]
    unknown: Annotated[list[str], Field(description="Words that the training corpus never had.")]


class WordEffect(BaseModel):
    """One word of the headline and what it did."""

    word: str
    start: Annotated[int, Field(description="First code point of the word in the headline as sent.")]
    end: Annotated[int, Field(description="One past its last code point.")]
    status: Literal["known", "rare", "unknown"]
    effect: Annotated[float, Field(ge=-1, le=1, description="Probability with the word, minus without it.")]


class Explanation(BaseModel):
    """What each word did for one topic."""

    topic: str
    words: list[WordEffect]


class Result(BaseModel):
    """The answer to one text."""

    predictions: list[Prediction]
    topic_set: Annotated[
        list[str] | None,
        Field(description="Smallest set of topics that holds the right one as often as GET /model says."),
    ]
    words: Words
    abstained: Annotated[
        Literal["no_known_words", "low_confidence"] | None,
        Field(description="Why the model does not stand by an answer; null when it does."),
    ]


class Model(BaseModel):
    """Which model answered."""

    name: Annotated[str, Field(examples=["headlines"])]
    version: Annotated[str, Field(examples=["1"])]


class PredictResponse(Result):
    """The answer to one text, and who gave it."""

    model: Model
    explanation: Annotated[Explanation | None, Field(description="Only where `explain` was asked for.")] = None


class BatchResponse(BaseModel):
    """The answers, in the order of the headlines."""

    results: list[Result]
    model: Model


class TopicSkill(BaseModel):
    """A topic and what is known of the model's skill at it."""

    label: int
    topic: str
    name: str
    support: Annotated[int, Field(description="Training wires with this label.")]
    precision: Probability | None
    recall: Probability | None
    f1: Probability | None


class TopicsResponse(BaseModel):
    """All topics, in label order."""

    topics: list[TopicSkill]


class ModelResponse(Model):
    """What the manifest says."""

    digest: Annotated[str, Field(description="SHA-256 that identifies the bundle.")]
    description: str
    runtime: Literal["numpy", "keras"]
    encoding: dict[str, Any]
    calibration: dict[str, Any] | None
    topic_set: dict[str, Any] | None
    recipe: dict[str, Any]
    data: dict[str, Any]
    libraries: dict[str, str]
    figures: dict[str, Any]


class HealthResponse(BaseModel):
    """A probe's answer."""

    status: Literal["live", "ready"]
