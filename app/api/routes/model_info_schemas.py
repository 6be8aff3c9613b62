"""Response schemas of GET /topics and GET /model; the OpenAPI document is generated from them."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from app.api.schemas import Model, Probability
from app.classifier.loading import Runtime

Section = TypeAliasType(
    "Section", Annotated[dict[str, Any], Field(description="Section of a manifest; docs/bundles.md describes it.")]
)
"""A schema of its own, so that generated clients have one type for all sections."""


class TopicSkill(BaseModel):
    """A topic, with the precision, recall and F1 of the model on the test set."""

    label: Annotated[int, Field(description="Index of the topic in the model's output.")]
    topic: Annotated[str, Field(description="Code of the topic.")]
    name: Annotated[str, Field(description="Name of the topic.")]
    support: Annotated[int, Field(description="Number of training texts with this label.")]
    precision: Annotated[
        Probability | None,
        Field(description="Share of the test texts with this prediction that have this label; null: never predicted."),
    ]
    recall: Annotated[
        Probability | None,
        Field(
            description="Share of the test texts with this label that have this prediction; null: no test text has the"
            " label."
        ),
    ]
    f1: Annotated[
        Probability | None,
        Field(description="Harmonic mean of precision and recall; null: no test text has the label."),
    ]


class OutsideSkill(BaseModel):
    """The outside class, with its error rates on the held-out texts to which it was fitted; null where not measured."""

    threshold: Annotated[
        float,
        Field(
            description="Texts whose `outside` is above this are marked: TOPICS_OUTSIDE_THRESHOLD, or the threshold of"
            " the bundle."
        ),
    ]
    false_positive_rate: Annotated[
        Probability | None,
        Field(description="Share of texts with a topic whose `outside` is above the bundle's threshold."),
    ]
    true_positive_rate: Annotated[
        Probability | None,
        Field(description="Share of texts without a topic whose `outside` is above the bundle's threshold."),
    ]
    lost: Annotated[Probability | None, Field(deprecated=True, description="Use `false_positive_rate`.")]
    found: Annotated[Probability | None, Field(deprecated=True, description="Use `true_positive_rate`.")]


class TopicsResponse(BaseModel):
    """All topics, in label order, and the outside class."""

    topics: Annotated[list[TopicSkill], Field(description="All topics, in label order.")]
    outside: Annotated[OutsideSkill | None, Field(description="null: the model has no outside class.")]


class LoadedModel(Model):
    """A loaded bundle."""

    digest: Annotated[str, Field(description="SHA-256 of the manifest, which identifies the bundle.")]


class Disagreed(BaseModel):
    """Headlines on which shadow and default model disagree, by reason."""

    topic: Annotated[int, Field(description="Both give a topic, but not the same one.")]
    default_only: Annotated[
        int,
        Field(description="Only the default model gives a topic; the shadow abstains (`outside`, `no_known_words`)."),
    ]
    shadow_only: Annotated[
        int,
        Field(
            description="Only the shadow gives a topic; the default model abstains. A shadow without an outside class"
            " disagrees on every headline that the default model marks as `outside`."
        ),
    ]


class ShadowModel(LoadedModel):
    """The shadow model, and its comparison with the default model since both were loaded."""

    headlines: Annotated[int, Field(description="Number of headlines that the shadow has classified.")]
    agreed: Annotated[int, Field(description="Number of these headlines on which both models agree.")]
    disagreed: Disagreed


class ModelResponse(LoadedModel):
    """The manifest of a loaded bundle, and all models of the service."""

    title: Annotated[str, Field(description="Human-readable title of the model.")]
    description: Annotated[str, Field(description="What the model is for, in one or two sentences.")]
    language: Annotated[str | None, Field(description="Language of the texts (BCP 47); null: not stated.")]
    examples: Annotated[list[str], Field(description="Short golden headlines, as examples.")]
    unreadable_examples: Annotated[
        list[str],
        Field(description="Those of `examples` that are answered with `no_known_words`, to show such an answer."),
    ]
    models: Annotated[list[LoadedModel], Field(description="All models in service; the first is the default.")]
    shadow: Annotated[ShadowModel | None, Field(description="null: the service has no shadow model.")]
    runtime: Annotated[Runtime, Field(description="TOPICS_RUNTIME: what computes the model.")]
    encoding: Annotated[
        Section,
        Field(
            description="How a text becomes a multi-hot vector: `size` is its width; the other fields are the rules for"
            " words, pairs of words and character n-grams."
        ),
    ]
    calibration: Annotated[
        Section | None,
        Field(
            description="Temperature scaling: exp(`intercept` + `gap_slope` log(1 + highest logit - mean logit) +"
            " `unknown_slope` * share of out-of-vocabulary words); null: not calibrated."
        ),
    ]
    topic_set: Annotated[
        Section | None,
        Field(
            description="Prediction sets: they have the topics whose probability is at least `threshold`; `coverage` is"
            " the rate at which they should contain the right one. null: none."
        ),
    ]
    multi_label: Annotated[
        Section | None,
        Field(description="Thresholds of the labels, if a text may have several; null: each text has one."),
    ]
    outside: Annotated[
        Section | None,
        Field(
            description="Outside class: weights of its logistic regression, threshold and error rates; null: the model"
            " has none."
        ),
    ]
    recipe: Annotated[Section, Field(description="How it was trained: recipe, hyperparameters and seeds.")]
    data: Annotated[Section, Field(description="What it was trained on, with SHA-256.")]
    libraries: Annotated[dict[str, str], Field(description="Versions of Python and the libraries used in training.")]
    figures: Annotated[Section, Field(description="Figures measured on the test sets, by test set.")]
