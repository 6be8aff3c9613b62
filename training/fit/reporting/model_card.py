"""Model card of a fitted bundle: what it was trained on, its figures, and what it cannot do."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.classifier.manifest import EncodingSpec, Manifest
from app.control_characters import one_line
from training.bundles.model_card import literal, made_with, topic_table
from training.evaluation.chance import ALL_RIGHT, COVERAGE, calibration_sentence, interval_sentence, outside_sentence
from training.fit.baselines import trained_on
from training.fit.reporting.learning_curve import curve_sentence
from training.fit.reporting.shift import shift_sentence
from training.fit.sizes import FOLDS, MANY
from training.wording import count, enumerated

_CARD: Final = """# {name}/{version}

{description}

| | |
| --- | --- |
| labels | {labels:,}{outside} |
| training rows | {rows} |
{texts}| encoding | {size:,} features: {features} |
| network | Dense {network} |
| ensemble | {parts} |
| calibration | {calibration} |
| {sets_name} | {sets} |
| versions | {libraries} |

## Figures
Measured on {test:,} test rows{with_label}, which were not used in training.

| model | {measure} | macro-F1 | calibration error |
| --- | --- | --- | --- |
| **this model** | {reached:.3f} | {macro_f1:.3f} | {ece:.3f} |
{baselines}

{chance}{shift}{learning_curve}

{set_figures}
{outside_figures}
## Labels
In an answer, `topic` is the label, and `label` is its number.

{topics}

## Limitations
- Expect a lower accuracy for texts from another time, place or style than the training rows. The drift metrics of the
  service show such a change.
{limits}
- Labels with few rows usually have a lower F1 than those with many; see the table.
- `data.html` in the bundle's folder is the report on the rows: bad rows, duplicates, texts with several labels.
"""


def write_card(manifest: Manifest) -> str:
    """The card as Markdown."""
    figures, recipe, data = manifest.figures, manifest.recipe, manifest.data
    test = figures["test"]
    several = manifest.multi_label is not None
    figure, measure = ("micro_f1", "micro-F1") if several else ("accuracy", "accuracy")
    outside = figures.get("outside")
    with_label = " with a label" if manifest.outside else ""
    of_all = [baseline["rows"] for baseline in figures["baselines"]]
    rows = [
        f"| {', '.join(filter(None, [baseline['name'], trained_on(baseline['rows'], of_all, with_label)]))}"
        f" | {baseline[figure]:.3f} | {baseline['macro_f1']:.3f} | - |"
        for baseline in figures["baselines"]
    ]
    return _CARD.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        labels=len(manifest.topics),
        outside=", and one unit for texts about none of them" if manifest.outside else "",
        rows=_training_rows(manifest),
        texts=_texts(data.get("text_columns", ())),
        size=manifest.encoding.size - 1,
        features=_features(manifest.encoding, recipe.get("clusters", 0)),
        network=_network(manifest),
        parts=parts(recipe["linear_share"], recipe["networks"], recipe["with_networks"], recipe["hidden"]),
        calibration=_calibration(data, "Platt scaling of each label" if several else "temperature"),
        sets_name="labels of a text" if several else "prediction sets",
        sets=_sets(manifest),
        libraries=made_with(manifest),
        test=test["texts"],
        with_label=with_label,
        measure=measure,
        reached=test[figure],
        macro_f1=test["macro_f1"],
        ece=test["ece"],
        baselines="\n".join(rows),
        chance=_chance(test, several),
        shift=_shift(figures, figure, measure),
        learning_curve=curve_sentence(
            figures["learning_curve"], test["texts"], measure[0].upper() + measure[1:], f"training rows{with_label}"
        )
        if figures.get("learning_curve")
        else "",
        set_figures=(
            f"A text has {test['labels']:.2f} labels on average, and the model predicts {test['given']:.2f}. All labels"
            f" are right for {test['exact_match']:.1%} of the texts."
        )
        if several
        else (
            f"Prediction sets have {test['set_size']:.2f} labels on average and contain the right one in"
            f" {test['set_coverage']:.1%} of cases."
        ),
        outside_figures=""
        if outside is None
        else (
            f"\nOutside class: AUROC {outside['auroc']:.3f}. It marks {outside['found']:.1%} of"
            f" {count(outside['without'], 'text')} about none of the labels, and {outside['lost']:.1%} of"
            f" {count(outside['with_topic'], 'text')} with a label, as `outside`. {outside_sentence(outside)}".rstrip()
            + "\n"
        ),
        topics=topic_table(manifest, "training rows", data.get("test_rows_by_label")),
        limits="- A text about none of the labels may get one, if it resembles rows with this label."
        if several
        else "- The model recognizes texts about none of the labels only if they resemble such training texts."
        if manifest.outside
        else "- The model picks one of its labels for any text, also for subjects that it was never trained on. To"
        " change that, add rows about none of the labels, and train with `--outside`.",
    )


def parts(linear_share: float, networks: int, with_networks: bool, hidden: int | None = None) -> str:
    """What the model consists of; `hidden`: hidden units of a network, if they are to be named."""
    described = f"{networks} networks" + (f" of {hidden} hidden units" if hidden else "")
    if not with_networks:
        return "a linear SVM alone"
    if not linear_share:
        return f"{described}; a linear SVM was tried and is not used"
    return f"a linear SVM with weight {linear_share:g} and {described}"


def _network(manifest: Manifest) -> str:
    """Units and activation of each layer."""
    hidden = [f"{layer.kernel.shape[1]} {layer.activation}" for layer in (manifest.network or ())[:-1]]
    return ", ".join([*hidden, f"{len(manifest.topics)} {manifest.output}"])


def _features(encoding: EncodingSpec, clusters: int) -> str:
    """What has an id."""
    symbols = ["symbols"] if encoding.split_symbols else []
    marks = ["question and exclamation marks"] if encoding.split_marks else []
    kinds = ["words", *symbols, *marks, "pairs of words"]
    if clusters:
        kinds.append(f"{clusters:,} clusters of similar English words (docs/headlines/clusters.md)")
    if encoding.pieces is not None:
        least, most = encoding.pieces
        kinds.append(f"pieces of {least} to {most} characters for words without an id")
    *first, last = kinds
    return f"{', '.join(first)}, and {last}" if len(first) > 1 else f"{first[0]} and {last}"


def _training_rows(manifest: Manifest) -> str:
    """Number of training rows and, if not all have a label, how many do."""
    rows, labelled = manifest.data["train_rows"], sum(topic.support for topic in manifest.topics)
    return f"{rows:,}" + (f", {labelled:,} of them with a label" if manifest.outside else "")


def _texts(columns: Sequence[str]) -> str:
    """A row of the table that says how texts were made of several columns; empty if they are from one."""
    if not columns:
        return ""
    names = enumerated([literal(one_line(name)) for name in columns])
    return (
        f"| texts | the columns {names}, joined by one space in this order, without empty ones; send texts made in the"
        " same way |\n"
    )


def _chance(test: Mapping[str, Any], several: bool) -> str:
    """A paragraph on how far the figures may differ by chance; bundles of older releases lack `ece_by_chance`."""
    figure, measure = ("exact_match", ALL_RIGHT) if several else ("accuracy", "accuracy")
    sentences = [interval_sentence(test[figure], test["texts"], measure)]
    if not several:
        sentences.append(interval_sentence(test["set_coverage"], test["texts"], COVERAGE))
    if "ece_by_chance" in test:
        sentences.append(calibration_sentence(test["ece_by_chance"]))
    return f"{' '.join(sentences)}\n\n"


def _shift(figures: Mapping[str, Any], figure: str, measure: str) -> str:
    """A paragraph if the test rows differ from the training rows; bundles of older releases have no figures for it."""
    if "held_out" not in figures:
        return ""
    test, held_out = figures["test"], figures["held_out"]
    sentence = shift_sentence(test[figure], test["texts"], held_out[figure], held_out["texts"], measure)
    return sentence and f"{sentence}\n\n"


def _sets(manifest: Manifest) -> str:
    """How the labels that an answer names are chosen."""
    if manifest.multi_label is not None:
        return (
            f"every label with a probability of at least {manifest.multi_label.thresholds[0]:.3f}, the threshold with"
            " the highest micro-F1 on the held-out rows; the probabilities of the labels are independent"
        )
    if manifest.topic_set is None:
        return "none"
    if manifest.topic_set.threshold > 1 / 2:  # which no second label reaches
        share = f"{manifest.topic_set.coverage:.0%}"
        return f"the most probable label alone, because it is the right one for at least {share} of the held-out texts"
    return (
        "the most probable label, and every other one with a probability of at least"
        f" {manifest.topic_set.threshold:.3f}, fitted so that the right one is in the set for"
        f" {manifest.topic_set.coverage:.0%} of texts"
    )


def _calibration(data: Mapping[str, Any], what: str) -> str:
    """How calibration, prediction sets and outside class were fitted.

    The number of `held_out_models` is not named, because older releases had another for the same number of rows.
    """
    rows, held_out = data["train_rows"], data["held_out_rows"]
    if held_out == rows:
        return (
            f"{what}, fitted by {FOLDS}-fold cross-validation on the training rows; the model itself was trained on all"
            " of them"
        )
    fitted = f"{what}, fitted on {held_out:,} held-out training rows"
    if rows >= MANY:
        return f"{fitted}, which were not used to train the model"
    return f"{fitted}; the model itself was trained on all rows"
