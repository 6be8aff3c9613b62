from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import Encoder, encoding
from app.classifier.encoding import Encoded
from app.classifier.inference import piece_table
from app.classifier.inference.piece_table import PieceTable
from app.classifier.manifest import EncodingSpec
from app.classifier.word_index import MAX_PIECED, PIECE, pieces

SIZES = [(2, 4), (3, 3), (2, 2), (2, 8)]
CHARACTERS = "aabbc'é1 \U0001f600<>&뉴스중ไ\u0301\U00010330\U0010fffdß\ud800"
"""Letters, some of them in pieces; marks, quotes, separators, beyond the BMP; a surrogate, as JSON may contain it."""
words = st.text("abcé뉴스\U00010330", min_size=1, max_size=5) | st.sampled_from(["ab" * 40, "a" * MAX_PIECED + "c"])
texts = st.lists(st.lists(words | st.text(CHARACTERS, max_size=8), max_size=6).map(" ".join), max_size=8)


def build_encoder(entries: Collection[str], known: Collection[str], sizes: tuple[int, int]) -> Encoder:
    """An encoder with pieces and known words, of which about two share an id."""
    names = [*(f"{piece} {PIECE}" for piece in entries), *known]
    ranks = {name: 1 + 7 * place % (len(names) // 2 + 1) for place, name in enumerate(names)}
    spec = EncodingSpec(size=len(names) + 2, offset=0, start_id=None, rare_id=None, pairs=True, pieces=sizes)
    return Encoder(spec, ranks | {"rare": spec.size + 1})


def encode_with_table(patch: pytest.MonkeyPatch, encoder: Encoder, texts: Sequence[str]) -> list[Encoded]:
    patch.setattr(encoding, "FEW_WORDS", 0)
    return encoder.encode_batch([encoder.tokenize(text) for text in texts])


@pytest.mark.parametrize("sizes", SIZES)
@given(batch=texts, cut=st.lists(words, max_size=6), known=st.sets(words, max_size=3), drop=st.integers(1, 3))
def test_batch_has_what_each_text_has_alone(
    sizes: tuple[int, int], batch: list[str], cut: list[str], known: set[str], drop: int
) -> None:
    entries = {piece for word in cut for piece in pieces(word, sizes)[::drop]}
    # The last ones cannot occur: with one character of a word, too short or long, or with a mark inside.
    encoder = build_encoder([*entries, "<a", "b>", "<a>", "a", "abcabcabc", "a><b"], known, sizes)
    expected = [encoder.encode(text) for text in batch]
    with pytest.MonkeyPatch.context() as patch:
        assert encode_with_table(patch, encoder, batch) == expected
        patch.setattr(piece_table, "SLICE", MAX_PIECED + 3)
        patch.setattr(piece_table, "_MAX_WAITING", 2)
        patch.setattr(encoding, "_BATCH", 3)
        assert encode_with_table(patch, encoder, batch) == expected
    assert encoder.encode_batch([encoder.tokenize(text) for text in batch]) == expected


def test_ids_are_distinct_and_ascending_and_words_with_a_piece_are_counted() -> None:
    table = PieceTable.build({"ab": 5, "bc": 3, "<ab": 9, "ab>": 3}, (2, 3))
    assert table is not None
    assert table.add([[4], [3, 8], []], [["xab", "bc", "zz"], ["abc", "cab"], ["ba"]]) == (
        [[3, 4, 5], [3, 5, 8, 9], []],
        [2, 2, 0],
    )
    assert table.add([], []) == ([], [])


def test_long_text_makes_no_long_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    table = PieceTable.build({"ab": 1, "bb": 2}, (2, 4))
    assert table is not None
    lengths, merged = [], []
    find, merge = table._find, piece_table._merge
    monkeypatch.setattr(table, "_find", lambda cut: (lengths.append(sum(len(word) + 3 for word in cut)), find(cut))[1])
    monkeypatch.setattr(piece_table, "_merge", lambda arrays: (merged.append(len(arrays)), merge(arrays))[1])
    assert table.add([[]], [[f"ab{number}" for number in range(30_000)]]) == ([[1]], [30_000])
    assert len(lengths) > 2 * piece_table._MAX_WAITING
    assert max(lengths) <= piece_table.SLICE
    assert max(merged) <= piece_table._MAX_WAITING + 1


def test_pieces_whose_keys_exceed_64_bits_are_looked_up_one_by_one() -> None:
    letters = [chr(0x4E00 + number) for number in range(300)]  # 9 bits each
    entries = ["".join(letters[start : start + 8]) for start in range(290)]
    assert PieceTable.build(dict.fromkeys(entries, 1), (2, 8)) is None
    assert PieceTable.build(dict.fromkeys(entries, 1), (2, 7)) is None  # none is left
    encoder = build_encoder(entries, [], (2, 8))
    text = "".join(letters[:60])
    assert encoder.encode_batch([[text], ["zz"]]) == [encoder.encode_words([text]), encoder.encode_words(["zz"])]
    assert encoder.encode_words([text]).pieced == 1
