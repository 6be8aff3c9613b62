"""What `fit` prints at its end: figures beside baselines, and the labels that are confused most."""

from collections.abc import Sequence
from dataclasses import asdict

from training.evaluation.labelled_report import confusion_lines, outside_line
from training.evaluation.labelled_rows import Measured
from training.fit.baselines import Baseline
from training.fit.insights.linear_models import CurvePoint
from training.fit.reporting.learning_curve import curve_sentence
from training.fit.train import Fitted


def summary(
    fitted: Fitted, measured: Measured, baselines: Sequence[Baseline], learning_curve: Sequence[CurvePoint]
) -> str:
    """Aligned plain text."""
    one = measured.evaluation
    width = max(len(baseline.name) for baseline in baselines)
    lines = [
        f"{'on ' + format(one.texts, ',') + ' test rows':<{width}}{'accuracy':>10}{'macro-F1':>10}{'ECE':>8}",
        f"{'this model':<{width}}{one.accuracy:>10.3f}{one.macro_f1:>10.3f}{one.ece:>8.3f}",
    ]
    for baseline in reversed(baselines):
        lines.append(f"{baseline.name:<{width}}{baseline.accuracy:>10.3f}{baseline.macro_f1:>10.3f}{'-':>8}")
        if baseline is baselines[-1] and baseline.rows < baselines[0].rows:
            lines[-1] += f"   trained on {baseline.rows:,} of the {baselines[0].rows:,} rows"
    recipe = fitted.recipe
    how = f"linear SVM with weight {recipe.linear_share:g}"
    how += f" and {recipe.networks} networks" if fitted.with_networks else " alone"
    lines += [
        "",
        f"{fitted.learned.encoder.spec.size - 1:,} features, {recipe.width} units; {how},",
        f"chosen on {len(fitted.held_out_rows):,} held-out training rows.",
    ]
    lines.append(curve_sentence([asdict(point) for point in learning_curve]))
    if one.set_size is not None:
        sets = f"{one.set_size:.2f} labels on average, with the right one in {one.set_coverage:.1%} of cases"
        lines.append(f"Prediction sets: {sets}.")
    if measured.outside is not None:
        lines.append(outside_line(measured.outside))
    return "\n".join([*lines, *confusion_lines(measured.confusions)])
