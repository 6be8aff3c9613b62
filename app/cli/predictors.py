"""Predictors: classify rows in chunks; the local predictor runs the model in this process."""

import gc
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click

from app.bundle_folders import missing_bundle
from app.classifier import ClassifierError, TopicClassifier, load_classifier
from app.cli.exit_status import UnavailableError
from app.cli.readers.row import Row
from app.cli.writers import Answer, Prediction
from app.settings import Settings, SettingsError, load_settings

MAX_TOP_K = 10_000
"""Maximum of --top-k; each topic makes two columns. A model may have fewer topics, and `load` then refuses more."""
CHUNK = 500
"""Headlines classified per call of a predictor."""
Predictor = Callable[[Sequence[str]], "list[Answer | str]"]
"""Takes headlines, returns one answer each in the same order; a str gives the reason why a headline was refused."""


class ChunkResult(NamedTuple):
    """Result of one chunk of rows; each row is in exactly one of the two lists."""

    classified: list[tuple[Row, Answer]]
    bad: list[tuple[int, str]]
    """Line number in the input, and what is wrong with that line."""


def settings_for(model: Path | None) -> Settings:
    """Read the settings from the environment; `model`, if given, overrides TOPICS_MODEL.

    Raises:
        UnavailableError: a setting is invalid, or `model` is not the folder of a bundle.
    """
    if model is not None and (missing := missing_bundle(model)):
        raise UnavailableError(f"--model: {missing}.")
    try:
        return load_settings(serving=False, **({} if model is None else {"model": model}))
    except SettingsError as error:
        raise UnavailableError(str(error)) from None


def load(settings: Settings, top_k: int = 1) -> TopicClassifier:
    """Load the default model of the settings.

    Raises:
        UnavailableError: its bundle cannot be loaded.
        BadParameter: it has fewer topics than --top-k asks for.
    """
    if missing := missing_bundle(settings.model[0]):  # not that of --model, which `settings_for` has checked
        raise UnavailableError(f"TOPICS_MODEL: {missing}.")
    try:
        classifier = load_classifier(
            settings.model[0], settings.runtime, settings.min_probability, settings.outside_threshold
        )
    except ClassifierError as error:
        raise UnavailableError(str(error)) from None
    if top_k > len(classifier.topics):
        raise click.BadParameter(
            f"{top_k} is more than the {len(classifier.topics)} topics of this model.", param_hint="--top-k"
        )
    return classifier


def predict_rows(rows: Sequence[Row], predict: Predictor) -> ChunkResult:
    """Classify the valid rows and collect the others as bad; both lists keep the order of `rows`."""
    answers = iter(predict([row.headline for row in rows if row.fault is None]))
    result = ChunkResult([], [])
    for row in rows:
        answer = next(answers) if row.fault is None else row.fault
        if isinstance(answer, str):
            result.bad.append((row.line, answer))
        else:
            result.classified.append((row, answer))
    return result


def predict_chunks(rows: Iterator[Row], predict: Predictor) -> Iterator[ChunkResult]:
    """Classify any number of rows, CHUNK at a time, in order."""
    while chunk := list(islice(rows, CHUNK)):
        yield predict_rows(chunk, predict)


def local_predictor(classifier: TopicClassifier, top_k: int) -> Predictor:
    """A predictor that runs the model in this process."""
    names = [(topic.code, topic.name) for topic in classifier.topics]
    manifest = classifier.bundle.manifest
    has_sets = bool(manifest.topic_set or manifest.multi_label)
    # Objects alive now (the word index above all) stay alive until the process ends. Frozen, they are no longer
    # scanned by each garbage collection, which would take a quarter of the run time, or more with more imports.
    gc.collect()
    gc.freeze()

    def predict(headlines: Sequence[str]) -> list[Answer | str]:
        return [
            Answer(
                [
                    Prediction(*names[label], probability)
                    for label, probability in zip(result.labels, result.probabilities, strict=True)
                ],
                result.abstained,
                result.outside,
                [names[label][0] for label in result.topic_set] if has_sets else None,
            )
            for result in classifier.classify(headlines, top_k)
        ]

    return predict
