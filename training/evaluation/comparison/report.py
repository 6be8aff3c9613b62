"""What `evaluate --against` prints: a comparison of two bundles as Markdown."""

from typing import Final

from app.control_characters import one_line
from training.evaluation.comparison.result import Comparison
from training.wording import count

MAX_CHANGES: Final = 20
"""Maximum number of changed answers that are printed; the JSON has all."""

SIGNIFICANT: Final = 0.05
"""p-value above which the report says that the difference may be due to chance."""


def against_report(comparison: Comparison, before: str, after: str, text: str = "test title") -> str:
    """The comparison as Markdown, with the MAX_CHANGES worst changes: answers that became wrong, most confident first.

    Args:
        comparison: of two bundles.
        before: name of the older bundle.
        after: name of the newer one.
        text: what was classified, in the singular.
    """
    now, then = (
        f"{(comparison.both_right + only) / comparison.texts:.1%}" for only in (comparison.better, comparison.worse)
    )
    order = ("worse", "still wrong", "better")
    worst = sorted(comparison.changes, key=lambda change: (order.index(change.direction), -change.after_probability))[
        :MAX_CHANGES
    ]
    rest = (
        f", of which these are the {MAX_CHANGES} worst (--json lists all)"
        if len(comparison.changes) > MAX_CHANGES
        else ""
    )
    none = f" ({comparison.outside:,} of them about none of the labels)" if comparison.outside else ""
    by_chance = comparison.p_value > SIGNIFICANT
    difference = "the difference may be due to chance" if by_chance else "chance alone rarely makes such a difference"
    lines = [
        f"On {count(comparison.texts, text)}{none}, {after} against {before}:",
        "",
        f"| | {before} right | {before} wrong |",
        "| --- | ---: | ---: |",
        f"| {after} right | {comparison.both_right:,} | {comparison.better:,} |",
        f"| {after} wrong | {comparison.worse:,} | {comparison.both_wrong:,} |",
        "",
        f"{after}: {now} right; {before}: {then}. McNemar's exact test: p = {comparison.p_value:.2g}, so {difference}.",
        *(
            f"{name}: {after} {value:.3f}; {before} {earlier:.3f}."
            for name, (earlier, value) in (
                ("Macro-F1", comparison.macro_f1),
                ("Calibration error", comparison.calibration_error),
            )
        ),
        *(["Macro-F1 and calibration error are those of the rows with a label."] if comparison.outside else []),
        "",
    ]
    if not comparison.changes:
        return "\n".join([*lines, "Both give the same answer to every text."])
    lines += [
        f"{count(len(comparison.changes), 'different answer')}{rest}:",
        "",
        f"| | text | label | {before} | {after} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for change in worst:
        old = f"{change.before} {change.before_probability:.0%}"
        new = f"{change.after} {change.after_probability:.0%}"
        cells = (change.direction, " ".join(change.text.split()), change.topic, old, new)
        lines.append("| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
