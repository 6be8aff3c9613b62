"""What `fit` prints at its end: figures of the model and the baselines, and the labels that are confused most."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from training.evaluation.labelled_report import chance_lines, confusion_lines, outside_line
from training.evaluation.labelled_rows import Measured
from training.evaluation.measure import Evaluation
from training.evaluation.multi_label import MultiLabelEvaluation
from training.fit.baselines import MAJORITY, Baseline, trained_on
from training.fit.fitted import Fitted
from training.fit.insights.linear_models import CurvePoint
from training.fit.reporting.learning_curve import curve_sentence
from training.fit.reporting.model_card import parts
from training.fit.reporting.shift import shift_sentence
from training.fit.sizes import FOLDS
from training.fit.training_rows import TrainingRows
from training.wording import count

NO_OUTSIDE: Final = (
    "The model gives one of its labels to any text, also to one about something else; to change that, add rows about"
    " none of the labels, and use --outside (docs/own-topics.md)."
)
NO_BETTER: Final = (
    "The model is no better than the most frequent label alone, so the texts tell it nothing about the labels; see in"
    " the output of `check` whether --text and --label name the right columns, or add rows."
)


def summary(
    fitted: Fitted,
    measured: Measured,
    baselines: Sequence[Baseline],
    learning_curve: Sequence[CurvePoint],
    rows: TrainingRows,
) -> str:
    """Aligned plain text; `rows`: those that the model was trained on."""
    evaluation = measured.evaluation
    head = f"on {count(evaluation.texts, 'test row')}{with_label(rows)}"
    width = max(len(name) for name in (head, *(baseline.name for baseline in baselines)))
    first = "accuracy" if isinstance(evaluation, Evaluation) else "micro-F1"
    lines = [
        f"{head:<{width}}{first:>10}{'macro-F1':>10}{'calibration error':>19}",
        f"{'this model':<{width}}{_score(evaluation):>10.3f}{evaluation.macro_f1:>10.3f}{evaluation.ece:>19.3f}",
    ]
    for baseline in baselines:
        lines.append(f"{baseline.name:<{width}}{baseline.score:>10.3f}{baseline.macro_f1:>10.3f}{'-':>19}")
        if part := trained_on(baseline.rows, [one.rows for one in baselines], with_label(rows)):
            lines[-1] += f"   {part}"
    lines += ["", *chance_lines(evaluation)]
    held_out = fitted.held_out_figures
    figure = "accuracy" if isinstance(evaluation, Evaluation) else "micro_f1"
    if shift := shift_sentence(_score(evaluation), evaluation.texts, held_out[figure], int(held_out["texts"]), first):
        lines += ["", shift]
    elif is_no_better(evaluation, baselines):
        lines += ["", NO_BETTER]
    recipe = fitted.recipe
    width = fitted.model.layers[0].kernel.shape[1]
    chosen = chosen_on(len(fitted.held_out_rows), len(rows.samples))
    used = parts(recipe.linear_share, recipe.networks, fitted.with_networks)
    lines += [
        "",
        f"{fitted.model.encoder.spec.size - 1:,} features{_clusters(fitted)}, {width} units; {used},",
        f"chosen {chosen}, where its {first} is {held_out[figure]:.3f}.",
    ]
    if fitted.held_out_right[fitted.held_out.labels < fitted.held_out.topics].all():
        lines.append(
            "All held-out rows are classified correctly, so the probabilities are badly calibrated, probably too high."
        )
    measure = "Accuracy" if isinstance(evaluation, Evaluation) else "Micro-F1"
    points = [asdict(point) for point in learning_curve]
    lines.append(curve_sentence(points, evaluation.texts, measure, f"training rows{with_label(rows)}"))
    if not isinstance(evaluation, Evaluation):
        lines.append(
            f"Labels per row: {evaluation.labels:.2f} in the data, {evaluation.given:.2f} predicted; all labels are"
            f" right for {evaluation.exact_match:.1%} of the rows."
        )
    elif evaluation.set_size is not None:
        sets = (
            f"{evaluation.set_size:.2f} labels on average, with the right one in {evaluation.set_coverage:.1%} of cases"
        )
        lines.append(f"Prediction sets: {sets}.")
    if measured.outside is not None:
        lines.append(outside_line(measured.outside))
    elif isinstance(evaluation, Evaluation) and fitted.calibrated.outside is None:
        lines.append(NO_OUTSIDE)
    return "\n".join([*lines, *confusion_lines(measured.confusions)])


def is_no_better(evaluation: Evaluation | MultiLabelEvaluation, baselines: Sequence[Baseline]) -> bool:
    """Whether the most frequent label alone is as good as the model, by accuracy (or micro-F1) and by macro-F1."""
    return any(
        baseline.name == MAJORITY and _score(evaluation) <= baseline.score and evaluation.macro_f1 <= baseline.macro_f1
        for baseline in baselines
    )


def _score(evaluation: Evaluation | MultiLabelEvaluation) -> float:
    """The figure to compare with `Baseline.score`."""
    return evaluation.accuracy if isinstance(evaluation, Evaluation) else evaluation.micro_f1


def _clusters(fitted: Fitted) -> str:
    clusters = len(fitted.clusters)
    return f", {clusters:,} of them clusters of similar English words" if clusters else ""


def described(rows: TrainingRows) -> str:
    """The number of training rows and, if not all have a label, how many do."""
    all_rows = count(len(rows.samples), "training row")
    if not with_label(rows):
        return all_rows
    others = len(rows.samples) - rows.labelled
    return f"{all_rows} ({rows.labelled:,} with a label, {others:,} about none of the labels)"


def with_label(rows: TrainingRows) -> str:
    """What to add to `rows` if only those with a label are counted, and there are others; otherwise empty."""
    return " with a label" if not rows.multi_label and rows.labelled < len(rows.samples) else ""


def chosen_on(held_out: int, rows: int) -> str:
    """On which rows sizes and weights were chosen."""
    if held_out == rows:
        return f"by cross-validation with {FOLDS} folds on the {rows:,} training rows"
    return f"on {held_out:,} held-out training rows"
