"""Benchmark texts: titles and wires of the Reuters archive if present, otherwise generated texts of the same length."""

import itertools
import random
from pathlib import Path

from app.classifier import Bundle
from training.data.corpus import read_archive
from training.data.fetch import ARCHIVE, DEFAULT_FOLDER

_ARCHIVE = Path(__file__).parent.parent / DEFAULT_FOLDER / ARCHIVE

TITLE_WORDS = (5, 12)
"""The 5th and 95th percentile of the archive's 20,841 titles; their mean is 8.1."""
WIRE_WORDS = (24, 250)
"""The same percentiles of its bodies; their mean is 136."""
_RARE_SHARE = _UNKNOWN_SHARE = 0.06
"""Shares of a title's words: 0.51 rare and 0.47 unknown words of 8.1."""


class MadeTexts:
    """Texts of a bundle's words drawn by Zipf's law, with a fixed seed."""

    source = "made from the bundle's words"

    def __init__(self, bundle: Bundle) -> None:
        words = [entry for entry in bundle.word_index if " " not in entry]  # without pairs, repeats and later words
        ranked = sorted(words, key=bundle.word_index.__getitem__)
        cut = max(1, bundle.manifest.encoding.size - bundle.manifest.encoding.offset)
        self._known = [word for word in ranked if bundle.word_index[word] < cut]
        self._rare = [word for word in ranked if bundle.word_index[word] >= cut] or self._known
        self._weights = list(itertools.accumulate(1 / (10 + rank) for rank in range(len(self._known))))
        self._random = random.Random(113)

    def words(self, count: int) -> str:
        """One text of `count` words."""
        chance = self._random.random
        drawn = self._random.choices(self._known, cum_weights=self._weights, k=count)
        for place in range(count):
            kind = chance()
            if kind < _RARE_SHARE:
                drawn[place] = self._random.choice(self._rare)
            elif kind < _RARE_SHARE + _UNKNOWN_SHARE:
                drawn[place] = f"zq{self._random.randrange(10_000)}"
        return " ".join(drawn).upper()  # as Reuters wrote its titles in 1987

    def headlines(self, count: int) -> list[str]:
        """Texts as long as titles."""
        return [self.words(self._random.randint(*TITLE_WORDS)) for _ in range(count)]

    def wires(self, count: int) -> list[str]:
        """Texts as long as wires."""
        return [self.words(self._random.randint(*WIRE_WORDS)) for _ in range(count)]


class RealTexts:
    """Titles and bodies of the archive, in its order."""

    source = "Reuters-21578"

    def __init__(self, archive: Path) -> None:
        wires = list(itertools.islice(read_archive(archive), 5_000))
        self._titles = [wire.title for wire in wires if wire.title]
        self._bodies = [wire.body for wire in wires if wire.body]

    def headlines(self, count: int) -> list[str]:
        """Titles."""
        return list(itertools.islice(itertools.cycle(self._titles), count))

    def wires(self, count: int) -> list[str]:
        """Whole wires."""
        return list(itertools.islice(itertools.cycle(self._bodies), count))


def texts(bundle: Bundle) -> MadeTexts | RealTexts:
    """Texts of the archive if it has been fetched, otherwise generated ones."""
    return RealTexts(_ARCHIVE) if _ARCHIVE.exists() else MadeTexts(bundle)
