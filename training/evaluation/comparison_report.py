"""What `evaluate --against` prints: a comparison of two bundles as Markdown."""

from typing import Final

from app.control_characters import one_line
from training.evaluation.comparison import Comparison
from training.wording import count

SHOWN: Final = 20
"""Changed answers that are printed; the JSON has all."""


def against_report(comparison: Comparison, before: str, after: str, text: str = "test title") -> str:
    """The comparison as Markdown, with the SHOWN worst changes: answers that became wrong, most confident first.

    Args:
        comparison: of two bundles.
        before: name of the older bundle.
        after: name of the newer one.
        text: what was classified, in the singular.
    """
    c = comparison
    now, then = (f"{(c.both_right + only) / c.texts:.1%}" for only in (c.better, c.worse))
    order = ("worse", "still wrong", "better")
    worst = sorted(c.changes, key=lambda one: (order.index(one.direction), -one.after_probability))[:SHOWN]
    rest = f", of which these are the {SHOWN} worst (--json lists all)" if len(c.changes) > SHOWN else ""
    none = f" ({c.outside:,} of them about none of the labels)" if c.outside else ""
    lines = [
        f"On {count(c.texts, text)}{none}, {after} against {before}:",
        "",
        f"| | {before} right | {before} wrong |",
        "| --- | ---: | ---: |",
        f"| {after} right | {c.both_right:,} | {c.better:,} |",
        f"| {after} wrong | {c.worse:,} | {c.both_wrong:,} |",
        "",
        f"{after}: {now} right; {before}: {then}. McNemar's exact test: p = {c.p_value:.2g}.",
        *(
            f"{name}: {after} {value:.3f}; {before} {earlier:.3f}."
            for name, (earlier, value) in (("Macro-F1", c.macro_f1), ("Calibration error", c.calibration_error))
        ),
        *(["Macro-F1 and calibration error are those of the rows with a label."] if c.outside else []),
        "",
    ]
    if not c.changes:
        return "\n".join([*lines, "Both give the same answer to every text."])
    lines += [
        f"{count(len(c.changes), 'different answer')}{rest}:",
        "",
        f"| | text | label | {before} | {after} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in worst:
        old, new = f"{one.before} {one.before_probability:.0%}", f"{one.after} {one.after_probability:.0%}"
        cells = (one.direction, " ".join(one.text.split()), one.topic, old, new)
        lines.append("| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
