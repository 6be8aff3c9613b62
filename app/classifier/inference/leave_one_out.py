"""Leave-one-out: how the ids of a text change when one of its words is left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from app.classifier.encoding import Encoder
from app.classifier.word_index import LATER, NO_PAIRS, RARE, TWICE

Entry = tuple[int, Mapping[str, int]]
"""What the encoder knows of a word; see `WordIds`."""


class Variant(NamedTuple):
    """A text without one of its words, as the difference from the whole text."""

    lost: list[int]
    """Ids of the whole text that the variant does not have."""
    gained: list[int]
    """Ids of the variant that the whole text does not have."""
    oov_share: float
    """`Encoded.oov_share` of the variant."""


def leave_one_out(encoder: Encoder, words: Sequence[str]) -> list[Variant]:
    """A text without its first word, without its second word, and so on.

    Takes linear time; encoding each variant would take quadratic time.

    Args:
        encoder: the model's encoder.
        words: as `Encoder.locate` returns them.
    """
    spec = encoder.spec
    entries = {word: entry for word in words if (entry := encoder.find(word)) is not None}
    oov = Counter([word for word in words if word not in entries or entries[word][0] == RARE])
    number, rest = oov.total(), len(words) - 1 or 1
    variants = [Variant([], [], (number - (word in oov)) / rest) for word in words]
    if spec.pieces is not None:
        _add_pieces(variants, words, {word: encoder.piece_ids(word) for word in oov}, oov)
    if spec.rare_id is not None:
        rare = [one for one, word in zip(variants, words, strict=True) if word in oov and word in entries]
        if len(rare) == 1:
            rare[0].lost.append(spec.rare_id)
    # Unknown words are skipped: they neither belong to a pair nor count as part of the lead.
    known = [(one, word) for one, word in zip(variants, words, strict=True) if word in entries]
    _add_pairs(known, entries)
    _add_words(known, entries, len(words) if spec.lead is None else spec.lead)
    return variants


def _add_pieces(
    variants: Sequence[Variant], words: Sequence[str], pieces: Mapping[str, set[int]], times: Mapping[str, int]
) -> None:
    """Add the pieces that no other word has; `times` is how often each word with pieces occurs."""
    owners = Counter(chain.from_iterable(pieces.values()))
    for variant, word in zip(variants, words, strict=True):
        if times.get(word) == 1:
            variant.lost.extend([piece for piece in pieces[word] if owners[piece] == 1])


def _add_pairs(known: Sequence[tuple[Variant, str]], entries: Mapping[str, Entry]) -> None:
    """Add the pairs with the words before and after, and the pair of these two words."""
    words = [word for _, word in known]
    seconds = [NO_PAIRS, *(entries[word][1] for word in words)]
    pairs = [ids.get(word) for ids, word in zip(seconds, [*words, ""], strict=True)]
    joining = [ids.get(word) for ids, word in zip(seconds, [*words[1:], ""], strict=False)]
    times = Counter(pairs)
    for (variant, _), (before, after), joined in zip(known, pairwise(pairs), joining, strict=False):
        for pair in (before, after):
            if pair is not None and pair != joined and times[pair] == 1:
                variant.lost.append(pair)
        if joined is not None and joined not in times:
            variant.gained.append(joined)


def _add_words(known: Sequence[tuple[Variant, str]], entries: Mapping[str, Entry], end: int) -> None:
    """Add the ids of the words themselves; the lead has `end` words."""
    words = [word for _, word in known]
    lead, later = Counter(words[:end]), Counter(words[end:])

    def change(word: str, more_in_lead: int, more_later: int) -> tuple[list[int], list[int]]:
        entry, in_lead, after_lead = entries[word], lead.get(word, 0), later.get(word, 0)
        before = _word_ids(entry, in_lead, after_lead)
        after = _word_ids(entry, in_lead + more_in_lead, after_lead + more_later)
        if not after:
            return before, after
        return [one for one in before if one not in after], [one for one in after if one not in before]

    # If a word of the lead is left out, the first word after the lead moves into it.
    moved = words[end] if len(words) > end else None
    moved_lost, moved_gained = ([], []) if moved is None else change(moved, 1, -1)
    for place, (variant, word) in enumerate(known):
        in_lead = place < end and word != moved
        lost, gained = change(word, -1, 0) if in_lead else change(word, 0, -1)
        variant.lost.extend(lost + moved_lost if in_lead else lost)
        variant.gained.extend(gained + moved_gained if in_lead else gained)


def _word_ids(entry: Entry, lead: int, later: int) -> list[int]:
    """Ids of a word that occurs so many times in the lead and after it."""
    word_id, others = entry
    if word_id == RARE or not lead + later:
        return []
    if lead:
        ids = [word_id]
    elif LATER in others:
        ids = [others[LATER]]
    else:
        return []
    if lead + later > 1 and TWICE in others:
        ids.append(others[TWICE])
    return ids
