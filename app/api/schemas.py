"""Schemas of predictions, requests and responses; the OpenAPI document is generated from them."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypeAliasType

from app.classifier import Abstention
from app.classifier.encoding import WordStatus
from app.classifier.manifest import Topic
from app.settings import Settings

Abstained = TypeAliasType("Abstained", Annotated[Abstention, Field(description="Reason not to rely on an answer.")])
"""A schema of its own, so that generated clients have one type for it."""
Probability = Annotated[float, Field(ge=0, le=1)]
DEFAULT_TOP_K = 5
TopK = Annotated[
    int,
    Field(
        ge=1, description="Number of topics to return, most probable first; at most the number of the model's topics."
    ),
]

MAX_CODE = 200
"""Maximum length of `explain_topic`, in characters, unless a code of the model is longer."""

_HEADLINE = "A headline, or a longer text."
_HEADLINES = "The texts to classify."
_EXPLAIN_TOPIC = (
    "Code of the topic to explain, with `explain`. Default: the most probable topic, or `outside` if that is why the"
    " model abstains."
)


class _Request(BaseModel):
    # Strict: "5" is not a number. Unknown fields are kept, and the route refuses them: with "forbid", pydantic creates
    # an error for each, 300 MB for a body with 250,000 unknown fields.
    model_config = ConfigDict(strict=True, extra="allow", json_schema_extra={"additionalProperties": False})


class PredictRequest(_Request):
    """One text to classify."""

    headline: Annotated[str, Field(min_length=1, description=_HEADLINE)]
    top_k: TopK = DEFAULT_TOP_K
    explain: Annotated[bool, Field(description="Also return the effect of each word on one probability.")] = False
    explain_topic: Annotated[str | None, Field(description=_EXPLAIN_TOPIC)] = None


class BatchRequest(_Request):
    """Several texts to classify."""

    headlines: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, description=_HEADLINES)]
    top_k: TopK = DEFAULT_TOP_K


def limited_predict_request(settings: Settings, topics: Sequence[Topic] = ()) -> type[PredictRequest]:
    """PredictRequest with the limits of the settings, for validation and for the OpenAPI document.

    `topics`: of the model, whose number is the maximum of `top_k`; empty: not known yet.
    """
    text = Annotated[str, Field(min_length=1, max_length=settings.max_characters, description=_HEADLINE)]
    max_code = max([MAX_CODE, *(len(topic.code) for topic in topics)])
    return create_model(
        "PredictRequest",
        __base__=PredictRequest,
        __doc__=PredictRequest.__doc__,
        headline=(text, ...),
        top_k=_limited_top_k(topics),
        explain_topic=(Annotated[str | None, Field(max_length=max_code, description=_EXPLAIN_TOPIC)], None),
    )


def limited_batch_request(settings: Settings, topics: Sequence[Topic] = ()) -> type[BatchRequest]:
    """BatchRequest with the limits of the settings; `topics`: as for `limited_predict_request`.

    The maximum length of a batch is only documented here. The route enforces it, because the status is 413 and not 422.
    """
    text = Annotated[str, Field(min_length=1, max_length=settings.max_characters)]
    # Fail fast: a million invalid values would block the event loop while a million messages are built.
    batch = Annotated[
        list[text],
        Field(fail_fast=True, min_length=1, description=_HEADLINES, json_schema_extra={"maxItems": settings.max_batch}),
    ]
    return create_model(
        "BatchRequest",
        __base__=BatchRequest,
        __doc__=BatchRequest.__doc__,
        headlines=(batch, ...),
        top_k=_limited_top_k(topics),
    )


def _limited_top_k(topics: Sequence[Topic]) -> Any:  # noqa: ANN401 - a type with its default, for `create_model`
    return Annotated[TopK, Field(le=len(topics) or None)], min(DEFAULT_TOP_K, len(topics) or DEFAULT_TOP_K)


class Prediction(BaseModel):
    """A topic with its probability."""

    topic: Annotated[str, Field(description="Code of the topic.")]
    name: Annotated[str, Field(description="Name of the topic.")]
    label: Annotated[int, Field(description="Index of the topic in the model's output.")]
    probability: Annotated[
        Probability,
        Field(
            description="Over all topics the probabilities sum to 1. If a text may have several labels, each is"
            " independent of the others.",
            examples=[0.97],
        ),
    ]


class Words(BaseModel):
    """Known, rare and unknown words of the text."""

    known: Annotated[int, Field(description="Number of the text's words that are in the model's vocabulary.")]
    rare: Annotated[int, Field(description="Number of words seen in training but too rare for the vocabulary.")]
    unknown: Annotated[list[str], Field(description="Words never seen in training, each once.")]


class WordEffect(BaseModel):
    """One word of the headline with its effect on the explained probability."""

    word: Annotated[str, Field(description="The word as the model looks it up, in lower case.")]
    start: Annotated[int, Field(description="Index of the word's first code point in the headline as sent.")]
    end: Annotated[int, Field(description="Index after its last code point.")]
    status: Annotated[WordStatus, Field(description="As in `words` of the response.")]
    effect: Annotated[float, Field(ge=-1, le=1, description="The probability with the word minus without it.")]


class Explanation(BaseModel):
    """The effect of each word on the probability of one topic, or on `outside`."""

    topic: Annotated[str | None, Field(description="Code of the topic; null: the effects are on `outside`.")]
    words: Annotated[list[WordEffect], Field(description="The words of the headline, in order.")]


class Result(BaseModel):
    """The result for one text."""

    predictions: Annotated[
        list[Prediction],
        Field(
            description="Most probable first; empty if no word of the text is known. The probabilities hold for a text"
            " that is about one of the topics; `outside` is the probability that it is not. If a text may have several"
            " labels (`multi_label` in GET /model), each probability is independent of the others, and `topic_set` has"
            " the labels of the text."
        ),
    ]
    topic_set: Annotated[
        list[str] | None,
        Field(
            description="Prediction set: contains the right topic at the rate `topic_set.coverage` of GET /model; null"
            " if the model has none. If a text may have several labels (`multi_label` in GET /model): its labels, most"
            " probable first."
        ),
    ]
    outside: Annotated[
        Probability | None,
        Field(
            description="Probability that the text is about none of the topics; null if the model has no outside class,"
            " or no word of the text is known.",
            examples=[0.03],
        ),
    ]
    words: Words
    abstained: Annotated[
        Abstained | None,
        Field(
            description="Reason for abstaining, the first that applies: `no_known_words` (no predictions), `outside`"
            " (`outside` is above its threshold), `low_confidence` (the most probable topic is below"
            " TOPICS_MIN_PROBABILITY); null if the model does not abstain."
        ),
    ]


class Model(BaseModel):
    """Name and version of the model."""

    name: Annotated[str, Field(description="Name of the model, from its manifest.")]
    version: Annotated[str, Field(description="Version of the model, from its manifest.")]


class PredictResponse(Result):
    """The result for one text, with the model."""

    model: Model
    explanation: Annotated[
        Explanation | SkipJsonSchema[None],
        Field(description="Effect of each word; only with `explain`."),
    ] = None


class BatchResponse(BaseModel):
    """The results of a batch, with the model."""

    results: Annotated[list[Result], Field(description="One for each headline, in the same order.")]
    model: Model
