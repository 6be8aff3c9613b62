"""Checks labelled rows and their split before training."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from datetime import time as dt_time
from typing import Final

import numpy as np

from app.classifier.tokenizer import unquoted
from training.labelled.reporting import groups
from training.labelled.reporting.notes import notes
from training.labelled.reporting.report import MAX_EXAMPLES, DataReport, Distribution, LabelCount, example
from training.labelled.reporting.scripts import script
from training.labelled.rows import LabelledRow, Table
from training.labelled.split import TEST, TRAIN, Split
from training.labelled.stratification import OUTSIDE, labels_or_outside
from training.labelled.tokenizer import choose_tokenizer

SHORT = 3
"""Labels of at most so many letters differ if one of them has an s more: C and CS."""

_NEGATIVE: Final = re.compile(r"-\d+([.,]\d+)?")
"""A sentiment of -1 is not one of 1."""
_ENTITY: Final = re.compile("&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
"""The entities that programs write to escape a text, and those with a number."""


def check(table: Table, split: Split, test: Table | None = None) -> DataReport:
    """The report on labelled rows and their split.

    Args:
        table: the rows.
        split: of these rows, and of those of `test`.
        test: rows of the test files, if there are any.
    """
    rows = [*table.rows, *(test.rows if test else ())]
    trained = [place == TRAIN for place in split.places]
    tested = [place == TEST for place in split.places]
    exact, near = split.duplicates.exact, split.duplicates.near
    counts = _label_counts(rows, trained, tested)
    outside = counts.pop(OUTSIDE, None)
    known = [counts[label] for label in split.labels]
    tokenizer = choose_tokenizer(split.train)
    words = [len(unquoted(tokenizer.tokenize(row.text))) for row in rows]
    tables = [table, *([test] if test else [])]
    report = DataReport(
        columns=[column for table in tables for column in table.columns],
        rows=len(rows),
        bad=sum(table.bad for table in tables),
        bad_reasons=dict(sum((Counter(table.bad_reasons) for table in tables), Counter()).most_common()),
        first_bad=[bad for table in tables for bad in table.first_bad],
        train=len(split.train),
        test=len(split.test),
        method=split.method,
        left_out={why: len(rows) for why, rows in split.left_out.items()},
        labels=sorted(known, key=lambda label: (-label.train, label.label)),
        outside=outside,
        rare=split.rare,
        rows_with_several_labels=sum(len(row.labels) > 1 for row in rows),
        most_labels=max(len(row.labels) for row in rows),
        similar_labels=_similar([*split.labels, *filter(None, split.rare)]),
        scripts=dict(Counter(script(row.text) for row in rows).most_common()),
        characters=_distribution([len(row.text) for row in rows]),
        words=_distribution(words),
        one_word=sum(count < 2 for count in words),
        no_word=words.count(0),
        several_lines=sum("\n" in row.text or "\r" in row.text for row in rows),
        html_entities=sum("&" in row.text and _ENTITY.search(row.text) is not None for row in rows),
        exact=groups.find_groups(rows, exact),
        near=groups.find_groups(rows, near, groups.have_other_texts(exact)),
        conflicts=groups.find_groups(rows, exact, groups.have_other_labels(rows)),
        shared=groups.find_groups(rows, near, groups.are_on_both_sides(trained, tested)),
        shared_test=int(np.isin(near[tested], near[trained]).sum()),
        times=_times(split),
        notes=[],
    )
    return replace(report, notes=notes(report))


def _label_counts(
    rows: Sequence[LabelledRow], trained: Sequence[bool], tested: Sequence[bool]
) -> dict[str, LabelCount]:
    total, train, test = Counter[str](), Counter[str](), Counter[str]()
    examples: dict[str, dict[str, None]] = defaultdict(dict)
    for row, is_trained, is_tested in zip(rows, trained, tested, strict=True):
        for label in labels_or_outside(row):
            total[label] += 1
            train[label] += is_trained
            test[label] += is_tested
            if is_trained and len(examples[label]) < MAX_EXAMPLES:
                examples[label][row.text] = None
    return {
        label: LabelCount(label, total[label], train[label], test[label], [example(text) for text in examples[label]])
        for label in total
    }


def _similar(labels: Sequence[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        # pandas writes whole numbers as 5.0 if another cell of the column is empty.
        folded = re.sub(r"(?<=\d)\.0+$", "", unicodedata.normalize("NFKC", label).casefold())
        letters = folded if _NEGATIVE.fullmatch(folded) else "".join(filter(_is_distinctive, folded)) or folded
        groups[letters.removesuffix("s") if len(letters) > SHORT else letters].append(label)
    return [alike for alike in groups.values() if len(alike) > 1]


def _is_distinctive(character: str) -> bool:
    """Whether labels that differ in this character are different: a letter, number, vowel sign, emoji or the like."""
    return character.isalnum() or (not character.isascii() and unicodedata.category(character)[0] in "MS")


def _distribution(lengths: Sequence[int]) -> Distribution:
    least, median, high, most = np.percentile(lengths, (0, 50, 95, 100), method="lower").tolist()
    return Distribution(least, median, high, most)


def _times(split: Split) -> dict[str, tuple[str, str]]:
    spans = {}
    for part, rows in ((TRAIN, split.train), (TEST, split.test)):
        times = [row.time for row in rows if row.time is not None]
        if times:
            spans[part] = (_shown(min(times)), _shown(max(times)))
    return spans


def _shown(time: datetime) -> str:
    """A time in UTC, or its date if it is midnight, as it is for a column of dates."""
    return f"{time:%Y-%m-%d}" if time.time() == dt_time() else f"{time:%Y-%m-%d %H:%M} UTC"
