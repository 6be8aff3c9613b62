"""Chunks: divides the texts of a batch into parts of bounded processing time."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

CHUNK_TEXTS = 100
CHUNK_CHARACTERS = 20_000
CHUNK_TOPICS = 5_000
"""A chunk of a batch ends at any of these limits: headlines then take about a millisecond, the slowest texts and most
topics two to four, which is the longest wait of other requests. All 46 topics of 100 texts are below the last one."""


def chunks(texts: Sequence[str], topics: int) -> list[Sequence[str]]:
    """Divide texts into chunks of bounded processing time; a text is never divided.

    `topics`: maximum number of topics in the result of a text.
    """
    max_texts = min(CHUNK_TEXTS, max(1, CHUNK_TOPICS // topics))
    ends = list(accumulate(map(len, texts)))
    pieces = []
    start = characters = 0
    while start < len(texts):
        last = min(start + max_texts, len(texts))
        end = max(start + 1, bisect_right(ends, characters + CHUNK_CHARACTERS, start, last))
        pieces.append(texts[start:end])
        start, characters = end, ends[end - 1]
    return pieces
