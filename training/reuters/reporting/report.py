"""What `train --recipe headlines` prints: calibration, and figures on the held-out wires."""

from training.evaluation.measure import measure
from training.reuters.train import HeadlineTraining


def headlines_report(training: HeadlineTraining) -> str:
    """Calibration, and the figures of the exploration on the wires held out from it, as aligned plain text."""
    calibration, topic_set, run = training.calibration, training.topic_set, training.exploration
    texts, explored = training.held_out, training.explored
    lines = [
        f"{run.encoder.spec.size - 1:,} features, {len(explored.titles):,} titles,",
        f"{len(explored.bodies):,} bodies, {len(explored.lexicon):,} texts of the lexicon,",
        (
            f"temperature exp({calibration.intercept:.3f} + {calibration.gap_slope:.3f} log(1 + highest - mean logit)"
            f" + {calibration.unknown_slope:.3f} out-of-vocabulary share), prediction set: topics with at least"
            f" {topic_set.threshold:.3f}. On the held-out texts, to which these were fitted:"
        ),
        "",
        f"{'':<10}{'texts':>8}{'accuracy':>10}{'any topic':>11}{'loss':>8}{'ECE':>8}{'set':>8}{'size':>8}",
    ]
    for name, kind in (("titles", texts.titles), ("bodies", texts.bodies), ("lexicon", texts.lexicon)):
        if samples := [sample for sample in kind if sample.labels]:
            held_out = run.held_out(samples)
            measured = measure(
                held_out.probabilities(calibration),
                held_out.labels,
                [sample.labels for sample in samples],
                topic_set.threshold,
            )
            lines.append(
                f"{name:<10}{measured.texts:>8,}{measured.accuracy:>10.4f}{measured.any_topic_accuracy:>11.4f}"
                f"{measured.loss:>8.4f}{measured.ece:>8.4f}{measured.set_coverage:>8.4f}{measured.set_size:>8.4f}"
            )
    outside = training.outside
    lines += [
        "",
        (
            f"outside: logit {outside.intercept:.3f} {outside.score:+.3f} score {outside.confidence:+.3f}"
            f" log-odds of the best topic {outside.unknown:+.3f} out-of-vocabulary share, threshold"
            f" {outside.threshold:.3f}:"
            f" marked are {outside.lost or 0:.1%} of the titles with a topic and {outside.found or 0:.1%} of the others"
        ),
    ]
    return "\n".join(lines)
