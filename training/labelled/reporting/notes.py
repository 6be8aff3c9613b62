"""Notes of a check: possible problems of the data, and what to do about them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from app.cli.readers.row import ICONV, NOT_UTF_8
from app.near_names import misspelt_names
from training.labelled.bad_rows import counted
from training.labelled.reporting.outside_notes import outside_notes
from training.labelled.reporting.report import DataReport
from training.labelled.split import IN_TEST, RARE, UNSEEN
from training.labelled.too_few_labels import LEAST_ROWS
from training.wording import count, share

FEW_ROWS = 20
"""A label with fewer training rows is learned badly."""
FEW_TEST_ROWS = 300
SEPARATORS = (";", "|", ",", "/", "+", "&", "#")
"""Usual ones between the labels of a cell."""
MISSPELT_CHARACTERS = 5
"""Shorter labels differ in a letter without being misspelt."""
MAX_MISSPELT = 5
"""Maximum number of misspelt labels that a note names."""
MAX_COMPARED = 500
"""Maximum numbers of rare labels and of learned labels that are compared; 30,000 rare ones would take half a minute."""
MAX_LABEL_SHARE = 0.8
"""If more than this share of the training rows has one label, accuracy says little."""
MAX_IN_TEST = 0.1
"""If more than this share of the training rows is left out because of the test file, the model lacks frequent texts."""

MAX_SHARED = 0.01
"""If at most this share of the test rows has a near duplicate among the training rows, the figures hardly change."""

NOTHING_MEASURED = {
    "file": (
        "No row of the test files has a label that the model learns, so nothing can be measured; correct their labels,"
        " or use --test with other files."
    ),
    "share": (
        "No test row has a label, so nothing can be measured; raise --test-share, add rows with other texts, or use"
        " --test."
    ),
}
"""Why `fit` refuses the rows, by whether the test rows are those of files."""

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]0+)?")
"""Also as pandas writes it if another cell of the column is empty."""


def notes(report: DataReport) -> list[str]:
    """Sentences about what deserves attention, the most important first."""
    joined = _joined(report)
    return [
        *_separators(joined),
        *_left_out(report, frozenset(label for labels in joined.values() for label in labels)),
        *_labels(report),
        *outside_notes(report),
        *_texts(report),
        *_test(report),
    ]


def _joined(report: DataReport) -> dict[str, list[str]]:
    """Labels that look like several ones, by what separates these."""
    labels = [*(label.label for label in report.labels), *filter(None, report.rare)]
    known = frozenset(labels)  # of hundreds of thousands where each row has a combination of its own
    found = {separator: [one for one in labels if _is_joined(one, separator, known)] for separator in SEPARATORS}
    return {separator: joined for separator, joined in found.items() if joined}


def _separators(joined: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """These come first: if cells have several labels, the other notes take combinations of labels for labels."""
    for separator, labels in joined.items():
        subject = f"{count(len(labels), 'label')} such as {labels[0]!r}"
        looks = "looks" if len(labels) == 1 else "look"
        yield f"{subject} {looks} like several labels in one cell; if so, set --label-separator {separator!r}."


def _left_out(report: DataReport, joined: AbstractSet[str]) -> Iterator[str]:
    if report.bad:
        why = counted(report.bad_reasons)
        advice = f"convert the files, such as with {ICONV}" if NOT_UTF_8 in report.bad_reasons else "correct the files"
        yield f"{count(report.bad, 'bad row')} {_is(report.bad)} left out ({why}); {advice}."
    if rare := [label for label in report.rare if label]:
        rows = report.left_out.get(RARE, 0) - report.rare.get("", 0)
        may_lower = any(report.rare[label] >= LEAST_ROWS for label in rare)
        advice = "add rows, merge labels, or lower --min-rows" if may_lower else "add rows, or merge labels"
        yield (
            f"{count(len(rare), 'label')} with too few rows ({_first(rare)}) {_is(len(rare))} not learned, and"
            f" {count(rows, 'row')} left out; {advice}."
        )
    if misspelt := list(islice(_misspelt(report, joined), MAX_MISSPELT + 1)):
        which = ", ".join(f"{label!r} for {near!r}" for label, near in misspelt[:MAX_MISSPELT])
        labels = count(len(misspelt), "label")
        if len(misspelt) > MAX_MISSPELT:
            which, labels = f"{which}, ...", f"More than {MAX_MISSPELT} labels"
        yield f"{labels} of few rows may be misspelt ({which}); if so, correct the files."
    if rows := report.left_out.get(IN_TEST, 0):
        which = (
            f"{count(rows, 'training row')} with the text of a test row {_is(rows)} left out, to keep the test fair."
        )
        yield which + (_not_learned(rows, report.train + rows) if rows > MAX_IN_TEST * (report.train + rows) else "")
    if rows := report.left_out.get(UNSEEN, 0):
        yield f"{count(rows, 'test row')} with labels that no training row has {_is(rows)} left out."


def _not_learned(rows: int, of: int) -> str:
    return (
        f" That is {share(rows, of)} of them, and the model does not learn these texts. If they are frequent in use,"
        " such as short answers, remove them from the test file, or leave out --test: then texts that are often"
        " repeated stay in training."
    )


def _misspelt(report: DataReport, joined: AbstractSet[str]) -> Iterator[tuple[str, str]]:
    """Rare labels, each with the learned one that it differs from by a few typing errors, without those in `joined`."""
    learned = [label.label for label in report.labels[:MAX_COMPARED]]
    similar = {label for group in report.similar_labels for label in group}
    for label in islice(report.rare, MAX_COMPARED):
        if len(label) < MISSPELT_CHARACTERS or label in similar or label in joined:
            continue
        # Years, versions and regions such as `Area A` differ in a digit or letter without being misspelt.
        near = [other for other in misspelt_names(label, learned) if _marks(other) == _marks(label)]
        if near:
            yield label, near[0]


def _marks(label: str) -> list[str]:
    """Digits, and letters that stand alone."""
    return re.findall(r"\d|(?<![^\W_])[^\W_](?![^\W_])", label.casefold())


def _labels(report: DataReport) -> Iterator[str]:
    labels = [*(label.label for label in report.labels), *filter(None, report.rare)]
    bracketed = [label for label in labels if _is_bracketed(label)]
    if bracketed:
        looks = "looks like a list" if len(bracketed) == 1 else "look like lists"
        yield (
            f"{count(len(bracketed), 'label')} such as {bracketed[0]!r} {looks} of labels; write the labels of such a"
            " cell without brackets and quotes, separated by commas, and set --label-separator ','."
        )
    if all(_NUMBER.fullmatch(label) for label in labels):
        yield (
            f"The labels are numbers ({_first(labels)}), and so are the answers of the model. If they stand for names,"
            " put these into the files (docs/own-topics.md)."
        )
    if report.similar_labels:
        yield _alike(report.similar_labels)
    few = [label.label for label in report.labels if label.train < FEW_ROWS]
    if few:
        which = f"{count(len(few), 'label')} ({_first(few)})"
        yield f"{which} {_has(len(few))} fewer than {FEW_ROWS} training rows; expect many mistakes there."
    largest = report.labels[0]
    if largest.train > MAX_LABEL_SHARE * report.train:
        figure = "micro-F1" if report.rows_with_several_labels else "accuracy"
        yield (
            f"{share(largest.train, report.train)} of the training rows are under {largest.label!r}, so {figure} says"
            " little; compare macro-F1."
        )


def _texts(report: DataReport) -> Iterator[str]:
    if report.conflicts.count:
        texts, all_rows = count(report.conflicts.count, "text"), count(report.conflicts.rows, "row")
        advice = "Texts that fit no label can be rows of the outside class (--outside)."
        if report.rows_with_several_labels:  # whose model has no outside class
            advice = "A text may have several labels, so give all its rows each of those that fit."
        yield (
            f"{texts} ({all_rows}) {_has(report.conflicts.count)} different labels; correct them, because no model can"
            f" get them all right. {advice}"
        )
    if report.exact.rows - report.exact.count > report.rows / 20:
        more = report.exact.rows - report.exact.count
        yield f"{share(more, report.rows)} of the rows repeat the text of another row; each copy counts in training."
    if report.near.largest and report.near.largest[0].rows > max(20, report.rows / 100):
        rows = report.near.largest[0].rows
        yield f"{rows:,} rows are near duplicates, probably made from one template; a few of them may be enough."
    elif report.near.rows > report.rows / 10:
        part = f"{share(report.near.rows, report.rows)} of the rows"
        yield f"{part} are near duplicates of another row; expect overconfident answers to other texts."
    if report.no_word:
        yield (
            f"{count(report.no_word, 'text')} without a word (such as punctuation alone) {_is(report.no_word)} not"
            " learned; the service answers such a text with no_known_words."
        )
    if report.one_word > report.rows / 20:
        yield f"{share(report.one_word, report.rows)} of the texts have one word or none."
    if report.rows / 100 < report.several_lines < report.rows / 2:  # of long texts, most have line breaks
        several = report.several_lines
        yield f"{count(several, 'text')} {_has(several)} line breaks; check that no rows were merged."
    if report.html_entities > report.rows / 100:
        entities = report.html_entities
        yield (
            f"{count(entities, 'text')} {_has(entities)} HTML entities (such as &amp;); decode them (in Python with"
            " html.unescape), unless the texts to classify have them, too."
        )


def _test(report: DataReport) -> Iterator[str]:
    if report.shared_test > MAX_SHARED * report.test:
        which = f"{count(report.shared_test, 'test row')} ({share(report.shared_test, report.test)})"
        has = _has(report.shared_test)
        yield f"{which} {has} a near duplicate among the training rows, so the figures are probably too high."
    untested = [label.label for label in report.labels if not label.test]
    if len(untested) == len(report.labels):
        yield NOTHING_MEASURED["file" if report.method == "file" else "share"]
    elif untested:
        which = f"{count(len(untested), 'label')} ({_first(untested)})"
        yield f"{which} {_has(len(untested))} no test rows, so nothing is measured there."
    if 0 < report.test < FEW_TEST_ROWS:
        margin = 1.96 * math.sqrt(0.8 * 0.2 / report.test)
        rows = count(report.test, "test row")
        figure = "share of rows with all labels right" if report.rows_with_several_labels else "accuracy"
        yield f"With {rows}, the margin of error of the {figure} is about ±{margin * 100:.0f} points."


def _first(labels: Sequence[str]) -> str:
    return ", ".join(repr(label) if "," in label else label for label in labels[:5]) + (
        ", ..." if len(labels) > 5 else ""
    )


def _alike(groups: Sequence[Sequence[str]]) -> str:
    shown = "; ".join(" and ".join(map(repr, group)) for group in groups[:3]) + ("; ..." if len(groups) > 3 else "")
    differ = "differs" if len(groups) == 1 else "differ"
    return (
        f"{count(len(groups), 'group')} of labels {differ} only in case, spaces, punctuation, a final s or .0, or"
        f" Unicode form ({shown})."
        " Each spelling is a label of its own; if they mean the same, use one spelling in the files."
    )


def _is_joined(label: str, separator: str, labels: frozenset[str]) -> bool:
    parts = [part.strip() for part in label.split(separator)]
    return len(parts) > 1 and all(part in labels for part in parts)


def _is_bracketed(label: str) -> bool:
    r"""Whether a label looks like a list that `parse_labels` does not read as one, such as [oil, gas] or ['it\'s']."""
    return label[0] == "[" and label[-1] == "]" and ("," in label or label[1:2] in ("'", '"'))


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"
