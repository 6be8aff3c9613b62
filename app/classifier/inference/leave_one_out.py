"""Leave-one-out: how the ids of a text change when one of its words is left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from app.classifier.encoding import Encoder
from app.classifier.word_index import LATER, NO_PAIRS, RARE, TWICE, Entry


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

    For each variant only the words that share an id are read again. Encoding each variant would read the whole text.

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
        rare = [variant for variant, word in zip(variants, words, strict=True) if word in oov and word in entries]
        if len(rare) == 1:
            rare[0].lost.append(spec.rare_id)
    # Unknown words are skipped: they neither belong to a pair nor count as part of the lead.
    known = [(variant, word) for variant, word in zip(variants, words, strict=True) if word in entries]
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
    # Where the words of each id are; the words of a cluster have one id.
    places: dict[int, list[int]] = {}
    for place, (_, word) in enumerate(known):
        places.setdefault(entries[word][0], []).append(place)
    places.pop(RARE, None)

    def ids(positions: Sequence[int], end: int) -> set[int]:
        """The ids of the words at these places, which have one id, by the rules of the encoder."""
        distinct: set[int] = set()
        for place in positions:
            word_id, others = entries[known[place][1]]
            later_id = others.get(LATER)
            if place < end:
                if word_id in distinct and TWICE in others:
                    distinct.add(others[TWICE])
                distinct.add(word_id)
            elif word_id not in distinct and later_id not in distinct:
                if later_id is not None:
                    distinct.add(later_id)
            elif TWICE in others:
                distinct.add(others[TWICE])
        return distinct

    whole = {word_id: ids(positions, end) for word_id, positions in places.items()}
    moved = entries[known[end][1]][0] if len(known) > end else RARE
    for place, (variant, word) in enumerate(known):
        word_id = entries[word][0]
        in_lead = place < end  # then the first word after the lead moves into it
        for changed_id in (word_id, moved) if in_lead and moved != word_id else (word_id,):
            if changed_id == word_id and word_id != RARE and len(places[word_id]) == 1:
                variant.lost.extend(whole[word_id])  # no other word has the id
            elif changed_id != RARE:
                after = ids([other for other in places[changed_id] if other != place], end + in_lead)
                variant.lost.extend(whole[changed_id] - after)
                variant.gained.extend(after - whole[changed_id])
