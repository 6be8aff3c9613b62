"""Chunks end at their limits, and hold all texts in order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.serving.chunks import CHUNK_CHARACTERS, CHUNK_TEXTS, chunks

SHORT, LONG, LONGEST = "x" * 50, "x" * 7000, "x" * 30_000


@pytest.mark.parametrize(
    ("texts", "sizes"),
    [
        ([], []),
        ([SHORT], [1]),
        ([SHORT] * 250, [100, 100, 50]),
        ([LONG] * 5, [2, 2, 1]),
        ([LONGEST] * 3, [1, 1, 1]),
        ([SHORT, LONGEST, SHORT], [1, 1, 1]),
        ([SHORT] * 10 + [LONG] * 3 + [SHORT] * 100, [12, 100, 1]),
        ([""] * 150, [100, 50]),
    ],
)
def test_chunks_end_with_so_many_texts_or_characters(texts: list[str], sizes: list[int]):
    pieces = chunks(texts, 1)
    assert [len(piece) for piece in pieces] == sizes
    assert [text for piece in pieces for text in piece] == texts


@pytest.mark.parametrize(("topics", "largest"), [(46, 100), (50, 100), (51, 98), (400, 12), (6_000, 1)])
def test_chunks_end_with_so_many_topics_in_the_answer(topics: int, largest: int):
    assert len(chunks([SHORT] * 200, topics)[0]) == largest


@given(st.lists(st.integers(0, 2 * CHUNK_CHARACTERS), max_size=300))
def test_no_chunk_is_larger_than_it_may_be_nor_smaller_than_it_could_be(lengths: list[int]):
    pieces = [[len(text) for text in piece] for piece in chunks(["x" * length for length in lengths], 1)]
    for piece, after in itertools.pairwise([*pieces, [2 * CHUNK_CHARACTERS]]):
        assert len(piece) <= CHUNK_TEXTS
        assert len(piece) == 1 or sum(piece) <= CHUNK_CHARACTERS
        assert not pieces or len(piece) == CHUNK_TEXTS or sum(piece) + after[0] > CHUNK_CHARACTERS
