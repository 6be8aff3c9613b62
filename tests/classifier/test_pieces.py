"""Words without an id are encoded by those of their pieces that have one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import Encoder
from app.classifier.manifest import EncodingSpec
from app.classifier.word_index import MAX_PIECED, PIECE, pieces

WORDS = ("oil", "prices", "中", "国", "oil prices", "中 国", "oil *2")
PIECES = ("il", "bre", "ent>", "nt>", "뉴", "<중국", "fé", "ส")
RARE_WORDS = ("brent", "zqzq", "뉴스")
INDEX = {entry: rank for rank, entry in enumerate([*WORDS, *(f"{one} {PIECE}" for one in PIECES), *RARE_WORDS], 1)}
SIZE = len(WORDS) + len(PIECES) + 1
SPEC = EncodingSpec(
    size=SIZE, offset=0, start_id=None, rare_id=None, pairs=True, repeats=True, split_unspaced=True, pieces=(2, 4)
)
ENCODER = Encoder(SPEC, INDEX)
OFF = Encoder(SPEC.model_copy(update={"pieces": None}), INDEX)
texts = st.lists(
    st.sampled_from(
        ["oil", "prices", "brent", "zqzq", "blent", "xx", "cafés", "'brents'", "뉴스", "중국어", "中国", "สส", "''"]
    ),
    max_size=9,
).map(" ".join)


@pytest.mark.parametrize(
    ("word", "sizes", "expected"),
    [
        ("oil", (2, 4), "oi il <oi oil il> <oil oil>"),
        ("oi", (2, 5), "oi <oi oi> <oi>"),
        ("oil", (3, 3), "<oi oil il>"),
        ("a", (2, 4), ""),
        ("a", (4, 4), ""),
        ("뉴스", (2, 3), "뉴스 <뉴스 뉴스>"),
        ("aaaa", (2, 2), "aa aa aa"),
    ],
)
def test_pieces_of_a_word(word: str, sizes: tuple[int, int], expected: str) -> None:
    assert list(pieces(word, sizes)) == expected.split()


@pytest.mark.parametrize(
    ("text", "entries", "pieced"),
    [
        ("oil prices", ["oil", "prices", "oil prices"], 0),  # words with an id have no pieces
        ("brent", ["bre *piece", "ent> *piece", "nt> *piece"], 1),  # rare
        ("Brent 'BRENT'", ["bre *piece", "ent> *piece", "nt> *piece"], 1),
        ("blent oils", ["il *piece", "ent> *piece", "nt> *piece"], 2),  # unknown
        ("oil blent prices", ["oil", "prices", "oil prices", "ent> *piece", "nt> *piece"], 1),
        ("oil brent prices", ["oil", "prices", "bre *piece", "ent> *piece", "nt> *piece"], 1),
        ("cafés", ["fé *piece"], 1),
        ("zqzq xx ''", [], 0),
        ("中国 뉴스 중국어", ["中", "国", "中 国", "<중국 *piece"], 1),
        ("สส", [], 0),
    ],
)
def test_word_without_an_id_has_those_of_its_pieces(text: str, entries: list[str], pieced: int) -> None:
    found = ENCODER.encode(text)
    assert found.ids == sorted(INDEX[entry] for entry in entries)
    assert (found.pieced, found.readable) == (pieced, bool(entries))


@given(texts)
def test_pieces_only_add_ids_and_change_no_count(text: str) -> None:
    on, off = ENCODER.encode(text), OFF.encode(text)
    assert {*on.ids} >= {*off.ids}
    assert {*on.ids} - {*off.ids} <= {INDEX[f"{one} {PIECE}"] for one in PIECES}
    assert on[1:5] == off[1:5]
    assert off.pieced == 0
    assert (on.pieced > 0) == (on.ids != off.ids)


@given(texts)
def test_text_has_the_ids_of_its_located_words(text: str) -> None:
    located = ENCODER.locate(text)
    found = ENCODER.encode(text)
    assert len(located) == found.words
    assert ENCODER.encode_words([one.word for one in located]) == found
    piece_ids = {i for one in located if ENCODER.status(one.word) != "known" for i in ENCODER.piece_ids(one.word)}
    assert {*found.ids} == {*OFF.encode(text).ids} | piece_ids


@given(texts, st.sampled_from(["xx", "''", "qq"]), st.integers(0, 9))
def test_unknown_word_without_a_piece_changes_nothing(text: str, word: str, place: int) -> None:
    words = text.split()
    more = [*words[:place], word, *words[place:]]
    assert ENCODER.encode(" ".join(more)).ids == ENCODER.encode(text).ids


@given(texts)
def test_lead_changes_nothing_about_pieces(text: str) -> None:
    lead = Encoder(SPEC.model_copy(update={"lead": 2}), INDEX).encode(text)
    whole = ENCODER.encode(text)
    of_pieces = {INDEX[f"{one} {PIECE}"] for one in PIECES}
    assert {*lead.ids} & of_pieces == {*whole.ids} & of_pieces
    assert lead[1:] == whole[1:]


def test_pieces_beyond_the_size_have_no_id() -> None:
    small = Encoder(SPEC.model_copy(update={"size": INDEX[f"bre {PIECE}"] + 1}), INDEX)
    assert small.encode("brent").ids == [INDEX[f"bre {PIECE}"]]


def test_long_word_has_the_pieces_of_its_beginning() -> None:
    assert pieces("a" * 10_000 + "b", (2, 4)) == pieces("a" * MAX_PIECED, (2, 4))
    assert ENCODER.encode("bre" + "q" * 10_000).ids == ENCODER.encode("bre").ids
    assert ENCODER.encode("q" * 10_000 + "bre").ids == []


@pytest.mark.parametrize("text", [lambda n: "q" * n, lambda n: "brentq " * (n // 7), lambda n: "ก\u0e48" * (n // 2)])
def test_text_of_words_without_an_id_takes_linear_time(text) -> None:
    def seconds(length: int) -> float:
        made, times = text(length), []
        for _ in range(2):
            started = time.process_time()
            ENCODER.encode(made)
            times.append(time.process_time() - started)
        return min(times)

    assert seconds(80_000) < 100 * max(seconds(5_000), 1e-3)
