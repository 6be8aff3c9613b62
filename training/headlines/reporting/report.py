"""What `train --recipe headlines` prints: calibration, and figures on the held-out wires."""

from training.evaluation.evaluate import measure
from training.headlines.samples import make_samples
from training.headlines.train import HeadlineTraining


def headlines_report(training: HeadlineTraining) -> str:
    """Calibration, and the figures of the exploration on the wires held out from it, as aligned plain text."""
    calibration, topic_set, run = training.calibration, training.topic_set, training.exploration
    lines = [
        (f"{run.encoder.spec.size - 1:,} features, {len(run.titles):,} titles, {len(run.bodies):,} bodies,"),
        (
            f"temperature exp({calibration.intercept:.3f} + {calibration.gap_slope:.3f} log(1 + gap)), prediction"
            f" set from {topic_set.threshold:.3f} on. On the held-out wires, on which both were fitted:"
        ),
        "",
        f"{'':<10}{'texts':>8}{'accuracy':>10}{'any topic':>11}{'loss':>8}{'ECE':>8}{'set':>8}{'size':>8}",
    ]
    for name, samples in zip(("titles", "bodies"), make_samples(training.held_out), strict=True):
        held_out = run.held_out(samples)
        one = measure(
            held_out.probabilities(calibration),
            held_out.labels,
            [sample.wire.labels for sample in samples],
            topic_set.threshold,
        )
        lines.append(
            f"{name:<10}{one.wires:>8,}{one.accuracy:>10.4f}{one.any_topic_accuracy:>11.4f}{one.loss:>8.4f}"
            f"{one.ece:>8.4f}{one.set_coverage:>8.4f}{one.set_size:>8.4f}"
        )
    return "\n".join(lines)
