"""What `train` prints for a recipe of the book: each seed's result next to the published one."""

from training.book.recipes import PUBLISHED
from training.book.train import Training, best_epoch


def training_report(training: Training) -> str:
    """Loss and accuracy of each seed, their mean and deviation, and the published result, as aligned plain text."""
    summary = training.summary()
    epochs = len(training.exploration["loss"])
    lines = [f"Validation loss is lowest after epoch {best_epoch(training.exploration)} of {epochs}.", ""]
    lines += [f"{'seed':<10}{'epochs':>8}{'loss':>10}{'accuracy':>10}"]
    lines += [f"{run.seed:<10}{run.epochs:>8}{run.loss:>10.4f}{run.accuracy:>10.4f}" for run in training.runs]
    for title, key in (("mean", "mean"), ("deviation", "deviation")):
        lines.append(f"{title:<18}{summary['loss'][key]:>10.4f}{summary['accuracy'][key]:>10.4f}")
    return "\n".join([*lines, f"{'published':<18}{PUBLISHED['loss']:>10.2f}{PUBLISHED['accuracy']:>10.3f}"])
