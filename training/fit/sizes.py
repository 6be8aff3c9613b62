"""Hyperparameters of `fit`, by the number of rows and labels; docs/experiments.md has the figures behind them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic_core import to_json

from app.classifier.bundle import MAX_FILE_BYTES, MAX_JSON_SEPARATORS, separators
from training.errors import LabelsError
from training.headlines.recipe import Recipe

FEW, FEW_A_LABEL = 2_500, 50
"""With fewer rows, or fewer rows of most labels, more encodings are tried."""
CROSS_FITTED: Final = 7_500
"""Below this number of rows, calibration is cross-fitted, because a held-out share would be too small, and the encoding
close to TF-IDF is tried, because the choice then uses all rows."""
MAX_CHOICE_WORK: Final = 100_000
"""Rows times labels up to which, below MANY_EPOCHS rows, the encoding close to TF-IDF and lower values of C are tried;
with more, they take too long."""
FOLDS: Final = 5
"""Number of folds if calibration is cross-fitted."""
MANY: Final = 100_000
"""From this number of rows on, the held-out rows stay out of training, which then runs once instead of twice."""
MAX_CHOICE_ROWS: Final = 50_000
"""Maximum number of rows that the SVMs learn from to choose clusters and feature weights if there are MANY."""

MANY_EPOCHS: Final = 20_000
"""Below this number of rows the networks have twice as many epochs, and the SVM a higher C."""
MANY_NETWORKS: Final = 40_000
"""Below this number of rows there are twice as many networks."""

MAX_WORDS, MAX_PAIRS, MAX_PIECES = 60_000, 40_000, 30_000
"""Maximum number of features of each kind."""
MIN_FEATURES: Final = 1_000

MANY_LABELS: Final = 400
"""With more labels, the first layer may have MAX_WIDTH_OF_MANY units, and model.keras nearly MAX_FILE_BYTES."""
MAX_WIDTH, MAX_MODEL_BYTES = 160, 24 * 1024**2
"""Maximum number of units of the first layer, and of bytes of model.keras, so that a bundle has less than 30 MB."""
MAX_WIDTH_OF_MANY: Final = 320
MAX_WIDTH_OF_FEW: Final = 512
"""Maximum number of units of the first layer for few rows, for which fewer features are enough."""
MAX_FEATURES_OF_FEW: Final = 40_000
"""Maximum number of features for few rows; all words, pairs and n-grams of 2 to 5 characters would take gigabytes."""
_HEADROOM_BYTES: Final = 4 * 1024**2
"""Part of the largest model.keras that is left for what Keras writes besides the weights."""
_LABEL_COPIES: Final = 4
"""How often manifest.json has a label: as code and name of a topic, in the topic mix, and with its test rows."""
_LABEL_SEPARATORS, _LABEL_BYTES = 20, 250
"""Opening brackets, commas and colons of manifest.json for a label, and the most bytes, without those of the copies."""
_OTHER_SEPARATORS, _OTHER_BYTES = 10_000, 1024**2
"""Those that are left for the rest of manifest.json."""
_MAX_SVM_WORK: Final = 5_000_000
"""Rows times labels from which the SVMs take little longer, because they are trained on samples of the rows."""


def seconds_to_fit(rows: int, labels: int, words: float) -> float:
    """Processor time of the command, mostly within a factor of two, with `words` in a row on average.

    Each label has an SVM in every model, in the baseline, and in those that find label errors and draw the learning
    curve; with few rows, also in every fold for every encoding that is tried. The encodings close to TF-IDF take
    longest.
    """
    passes = held_out_models(rows) + (rows < MANY)
    svms = 1.5e-4 * rows * labels if rows < CROSS_FITTED else 5e-5 * min(rows * labels, _MAX_SVM_WORK)
    a_row = 3e-3 if rows < CROSS_FITTED else 2.5e-3 if rows < MANY_EPOCHS else 2e-3 if rows < MANY_NETWORKS else 1.5e-3
    more = 2e-3 * rows if rows >= CROSS_FITTED and has_time_to_choose(rows, labels) else 0
    return 5 + (svms + rows * passes * a_row + more) * (20 + words) / 30


def held_out_models(rows: int) -> int:
    """Number of models that calibrate, each on rows that it did not learn from: FOLDS with few rows.

    Of others it is one or, if time allows, two: when half of the answers are right, the accuracy on 4,000 held-out rows
    has a standard error of 0.8 percentage points, and so has the confidence that is fitted to it.
    """
    return FOLDS if rows < CROSS_FITTED else 2 if MANY_EPOCHS <= rows < MANY_NETWORKS else 1


def has_time_to_choose(rows: int, units: int) -> bool:
    """Whether SVMs are trained so fast that more is tried; `units`: as for `recipe_for`."""
    return rows < MANY_EPOCHS and rows * units <= MAX_CHOICE_WORK


def penalty_for(rows: int, multi_label: bool) -> tuple[float, float]:
    """C of the SVM for a row's first label, and for its further labels."""
    return (1.0, 1.0) if multi_label else (1.0 if rows < MANY_EPOCHS else 0.5, 0.0)


def recipe_for(rows: int, units: int) -> Recipe:
    """The recipe for training rows with so many labels, including the outside class if there is one.

    The first layer has a fifth more units than there are labels (32 units for 77 labels cost five points of accuracy,
    80 still 0.3), up to a limit that leaves room for enough features: with 306 labels, 160 units and 37,000 features
    lose less than 96 units and 62,000 features do. If there is no room for all features, words come before pairs and
    pieces, because they add more accuracy.

    Raises:
        LabelsError: the labels are so many that their model does not fit into a bundle.
    """
    many = units > MANY_LABELS
    width = min(max(32, -(-units * 6 // 80) * 16), MAX_WIDTH_OF_MANY if many else MAX_WIDTH)
    networks = 4 if rows < MANY_NETWORKS else 2
    epochs, batch = (16, 256) if rows < MANY_EPOCHS else (8, 256) if rows < 60_000 else (6, 512)
    if rows >= 500_000:
        epochs, batch = 3, 1_024
    inside = min(units, width) + networks * 100
    room = _max_weights(units) - width * inside - inside * units
    features = min(MAX_WORDS + MAX_PAIRS + MAX_PIECES, room // width)
    if features < MIN_FEATURES:
        raise LabelsError(
            f"{units:,} labels need a model of more than {MAX_FILE_BYTES // 1024**2} MiB, the most that a bundle's file"
            " may have; join some labels, or raise --min-rows."
        )
    words = min(MAX_WORDS, features * 2 // 3)
    pieces = (features - words) * MAX_PIECES // (MAX_PAIRS + MAX_PIECES)
    return Recipe(
        features=features - pieces,
        words=words,
        min_pair_texts=2,
        pieces=pieces,
        rare_words=100_000,
        networks=networks,
        epochs=epochs,
        batch_size=batch,
        learning_rate=3e-3 * (batch / 256) ** 0.5,
        width=width,
        linear_rows=200_000,
        most_negatives=max(10_000, 2_000_000 // units),
    )


def ensure_labels_fit(codes: Sequence[str]) -> None:
    """Raise LabelsError if so many labels are so long, or have so many commas, that manifest.json cannot be loaded."""
    size = sum(len(to_json(code)) for code in codes)
    if _LABEL_COPIES * size + _LABEL_BYTES * len(codes) + _OTHER_BYTES > MAX_FILE_BYTES:
        raise LabelsError(
            f"{len(codes):,} labels with {size:,} bytes are more than a bundle may have; shorten or join some labels,"
            " or raise --min-rows."
        )
    of_labels = separators("".join(codes).encode())
    if _LABEL_COPIES * of_labels + _LABEL_SEPARATORS * len(codes) + _OTHER_SEPARATORS > MAX_JSON_SEPARATORS:
        raise LabelsError(
            f"{len(codes):,} labels with {of_labels:,} opening brackets, commas and colons are more than a bundle may"
            " have; shorten or join some labels, or raise --min-rows."
        )


def widened(recipe: Recipe, units: int) -> Recipe:
    """The recipe with as many units in the first layer as labels, and fewer features if the bundle has no room for all.

    With few rows, a first layer of lower rank changes the scores of the SVM too much. With thousands of labels there is
    no room for a wider layer, and the recipe stays as it is. Half of the features are pieces.

    Args:
        recipe: that of `recipe_for`.
        units: as for `recipe_for`.
    """
    width = max(recipe.width, min(-(-units // 16) * 16, MAX_WIDTH_OF_FEW))
    inside = min(units, width) + recipe.networks * recipe.hidden
    room = (_max_weights(units) - width * inside - inside * units) // width
    features = min(MAX_FEATURES_OF_FEW, room)
    if features < MIN_FEATURES:
        return recipe
    words = features // 2
    return replace(recipe, width=width, words=words, features=words, pieces=features - words)


def _max_weights(units: int) -> int:
    return (MAX_FILE_BYTES - _HEADROOM_BYTES if units > MANY_LABELS else MAX_MODEL_BYTES) // 4
