import itertools
import math
from collections import Counter
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import Encoder
from app.classifier.word_index import pieces
from training.headlines import vocabulary
from training.headlines.clusters.cluster_list import Cluster
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample
from training.headlines.vocabulary import build_encoder, encode, number_strings, unit_length

TOPICS = 46
RECIPE = Recipe(features=6, words=4, repeats=0, min_pair_texts=2)


def chosen(
    recipe: Recipe, samples: list[Sample], added: tuple[Sample, ...] = (), least: int = 1
) -> tuple[Encoder, dict[str, int]]:
    return build_encoder(recipe, samples, added, TOPICS, least)


def sample(text: str, label: int = 0) -> Sample:
    return Sample(tuple(text.split()), (label,), 1)


SAMPLES = [
    *[sample("oil prices rise", 16), sample("oil prices fall", 16), sample("wheat prices rise", 5)],
    *[sample("wheat prices fall", 5), sample("once", 5)],
]


def test_frequent_words_then_telling_pairs_then_rare_words() -> None:
    encoder, word_index = chosen(RECIPE, SAMPLES)
    features = list(word_index)
    assert features[0] == "prices"
    assert set(features[:4]) < {"prices", "oil", "rise", "fall", "wheat"}
    assert set(features[4:6]) == {"oil prices", "wheat prices"}  # not `prices rise`, which says nothing about the label
    assert list(word_index.values()) == list(range(1, len(word_index) + 1))
    assert encoder.status("once") == "rare"
    assert encoder.status("never") == "unknown"
    assert encoder.spec.size == 7


def test_rows_are_the_ids_that_serving_gives() -> None:
    encoder, word_index = chosen(RECIPE, SAMPLES)
    rows = encode(encoder, [("oil", "never", "prices"), ("once",), ()])
    assert rows.shape == (3, 7)
    known = [word_index["oil"], word_index["prices"], word_index["oil prices"]]  # the unknown word is skipped first
    assert sorted(rows[0].indices) == sorted(i for i in known if i < 7)
    assert rows[1:].nnz == 0
    assert np.all(rows.data == 1)


def test_words_that_come_only_after_the_lead_are_ranked_apart() -> None:
    recipe = replace(RECIPE, lead=2, later=1, min_later_texts=2)
    samples = [*SAMPLES, sample("oil prices wheat"), sample("oil prices wheat"), sample("oil wheat oil")]
    encoder, word_index = chosen(recipe, samples)
    assert list(word_index)[4] in {"wheat *later", "rise *later", "fall *later"}
    assert encoder.spec.lead == 2
    [word] = list(word_index)[4].split()[:1]
    rows = encode(encoder, [("oil", "prices", word), ("oil", word)])
    assert word_index[f"{word} *later"] in rows[0].indices
    assert word_index[word] not in rows[0].indices
    assert word_index[word] in rows[1].indices


def test_without_a_lead_a_word_has_one_id_wherever_it_occurs() -> None:
    samples = [*SAMPLES, sample("oil prices wheat"), sample("oil prices wheat")]
    encoder, word_index = chosen(replace(RECIPE, lead=None, later=1, min_later_texts=1), samples)
    assert not any("*later" in entry for entry in word_index)
    words = ["unseen"] * 50 + ["oil"] * 50 + ["prices"]
    assert {word_index["oil"], word_index["prices"]} <= {*encode(encoder, [words])[0].indices.tolist()}


def test_words_that_texts_repeat_come_between_words_and_pairs() -> None:
    recipe = replace(RECIPE, repeats=1, min_repeat_texts=2)
    samples = [*SAMPLES, sample("oil oil"), sample("prices and oil and oil"), sample("rise rise")]
    encoder, word_index = chosen(recipe, samples)
    assert list(word_index)[4] == "oil *2"
    assert " " in list(word_index)[5]
    rows = encode(encoder, [("oil",), ("oil", "never", "oil")])
    assert rows[0].indices.tolist() == [word_index["oil"]]
    assert rows[1].indices.tolist() == sorted([word_index["oil"], word_index["oil *2"]])


def test_rows_of_length_1_keep_their_ones_and_empty_ones_stay_empty() -> None:
    encoder, _ = chosen(RECIPE, SAMPLES)
    rows = unit_length(encode(encoder, [("oil", "prices", "rise"), ()]))
    assert np.linalg.norm(rows.toarray(), axis=1).tolist() == [1, 0]


def test_corpus_without_frequent_pairs_has_words_only() -> None:
    _, word_index = chosen(RECIPE, [sample("a b"), sample("b a")])
    assert list(word_index) == ["a", "b"]


def kinds(word_index: dict[str, int], size: int) -> str:
    """One letter per entry with an id: Word, Later word, Twice, Pair; and r per rare word."""
    letters = {"*later": "L", "*2": "T"}
    return "".join(
        letters.get(second, "P") if space else "W" if rank < size else "r"
        for entry, rank in word_index.items()
        for _, space, second in [entry.partition(" ")]
    )


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ({}, "WWLTPPrr"),
        ({"words": 1}, "WLTPPPrrr"),
        ({"words": 4, "features": 4}, "WWWW"),
        ({"later": 0}, "WWTPPPrr"),
        ({"repeats": 0}, "WWLPPPrr"),
        ({"later": 2}, "WWLLTPrr"),
        ({"repeats": 2}, "WWLTTPrr"),
        ({"features": 3}, "WWLrr"),
        ({"features": 4}, "WWLTrr"),
        ({"features": 5, "later": 2, "repeats": 2}, "WWLLTrr"),
        ({"features": 100}, "WWLTPPPPPrr"),
        ({"min_later_texts": 5}, "WWTPPPrr"),
        ({"min_repeat_texts": 3}, "WWLPPPrr"),
        ({"features": 100, "min_pair_texts": 4}, "WWLTPPPrr"),
        ({"min_pair_texts": 5}, "WWLTrr"),
        ({"words": 10, "min_word_texts": 5}, "WWLTPPrr"),
        ({"words": 10, "min_word_texts": 100}, "PPPPPrrrr"),
    ],
)
def test_every_budget_of_the_recipe_is_kept(budgets: dict[str, int], expected: str) -> None:
    small = {"features": 6, "words": 2, "lead": 2, "later": 1, "repeats": 1}
    least = {"min_word_texts": 1, "min_later_texts": 2, "min_repeat_texts": 2, "min_pair_texts": 2}
    recipe = replace(Recipe(), **(small | least | budgets))
    # Six texts have a and b, four c and d. a and b come only later in four texts, and twice in two. Of the five pairs
    # three are in four texts and two in two.
    texts = ["a b a b", "a b a b", "c d a b", "c d a b", "c d b a", "c d b a"]
    encoder, word_index = chosen(recipe, [sample(text) for text in texts])
    assert kinds(word_index, encoder.spec.size) == expected
    assert encoder.spec.size == 1 + sum(letter != "r" for letter in expected)
    assert list(word_index.values()) == list(range(1, len(word_index) + 1))


def test_words_of_added_texts_have_ids_however_rare_they_are() -> None:
    recipe = replace(RECIPE, features=8)
    encoder, word_index = chosen(recipe, SAMPLES, (sample("bitcoin once"), sample("brexit oil"), sample("brexit")))
    assert list(word_index)[4:7] == ["brexit", "bitcoin", "once"]
    assert {encoder.status(word) for word in ("brexit", "bitcoin", "once")} == {"known"}
    encoder, _ = chosen(recipe, SAMPLES, (sample("bitcoin brexit"), sample("brexit")), 2)
    assert (encoder.status("brexit"), encoder.status("bitcoin")) == ("known", "rare")


TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=8).map(tuple), max_size=30)


@given(TEXTS, st.integers(1, 3))
def test_pairs_are_those_of_a_count_by_names(texts: list[tuple[str, ...]], least: int) -> None:
    found, rows, ids = vocabulary._frequent_pairs([Sample(words, (0,)) for words in texts], least)
    distinct = [list(dict.fromkeys(map(" ".join, itertools.pairwise(words)))) for words in texts]
    counts = Counter(itertools.chain.from_iterable(distinct))
    assert found == [pair for pair, count in counts.items() if count >= least]
    expected = {(row, pair) for row, pairs in enumerate(distinct) for pair in pairs if counts[pair] >= least}
    assert len(ids) == len(expected)
    assert {(row, found[place]) for row, place in zip(rows.tolist(), ids.tolist(), strict=True)} == expected


def test_pairs_of_more_words_than_32_bits_can_number_are_counted() -> None:
    words = tuple(map(str, range(50_000)))
    assert vocabulary._frequent_pairs([Sample(words, (0,)), Sample(words[-2:], (0,))], 2)[0] == ["49998 49999"]


def test_pairs_are_in_the_order_of_their_g_squared() -> None:
    rng = np.random.default_rng(0)
    samples = [Sample(tuple(rng.choice(list("abcd"), 4)), (int(rng.integers(0, 3)),)) for _ in range(80)]
    found = vocabulary._best_pairs(samples, 3, 2)

    def g_squared(pair: str) -> float:
        having = Counter(one.labels[0] for one in samples if pair in map(" ".join, itertools.pairwise(one.words)))
        sizes = Counter(one.labels[0] for one in samples)
        shares = {label: sum(having.values()) * size / len(samples) for label, size in sizes.items()}
        return sum(count * math.log(count / shares[label]) for label, count in having.items())

    gains = [g_squared(pair) for pair in found]
    assert len(gains) == 16
    assert gains == pytest.approx(sorted(gains, reverse=True))


def test_words_without_an_id_share_that_of_their_cluster() -> None:
    clusters = [Cluster(("never", "once", "oil"), (1,)), Cluster(("later", "news"), (1,))]
    encoder, word_index = build_encoder(replace(RECIPE, features=8), SAMPLES, (), TOPICS, clusters=clusters)
    assert encoder.spec.size == 9
    assert word_index["oil"] < 7  # one of the most frequent words keeps its own id
    assert word_index["never"] == word_index["once"] == 7
    assert word_index["later"] == word_index["news"] == 8
    assert encoder.encode_words(["never", "once", "oil", "news"]).ids == sorted([word_index["oil"], 7, 8])
    assert encoder.status("never") == "known"


def test_word_of_a_cluster_separates_the_words_beside_it() -> None:
    encoder, word_index = build_encoder(
        replace(RECIPE, features=7), SAMPLES, (), TOPICS, clusters=[Cluster(("never",), (1,))]
    )
    pair = word_index["oil prices"]
    assert pair in encoder.encode_words(["oil", "unseen", "prices"]).ids
    assert pair not in encoder.encode_words(["oil", "never", "prices"]).ids
    assert encoder.encode_words(["never", "never", "prices", "never"]).ids == sorted([word_index["prices"], 7])


def test_rare_words_come_after_the_clusters() -> None:
    encoder, word_index = build_encoder(
        replace(RECIPE, features=7), SAMPLES, (), TOPICS, clusters=[Cluster(("never",), (1,))]
    )
    assert word_index["never"] == encoder.spec.size - 1 == 7
    assert word_index["once"] > 7
    assert encoder.status("once") == "rare"


def test_strings_are_numbered_in_the_order_of_their_first_occurrence() -> None:
    names, numbers, lengths = number_strings(iter([["oil", "up"], [], ["up", "gas", "oil"]]))
    assert names == ["oil", "up", "gas"]
    assert numbers.tolist() == [0, 1, 1, 2, 0]
    assert lengths.tolist() == [2, 0, 3]


@given(st.lists(st.lists(st.sampled_from(["oil", "gas", "up", ""]))))
def test_numbered_strings_give_the_lists_again(lists: list[list[str]]) -> None:
    names, numbers, lengths = number_strings(lists)
    assert names == list(dict.fromkeys(itertools.chain.from_iterable(lists)))
    assert [names[number] for number in numbers] == [*itertools.chain.from_iterable(lists)]
    assert lengths.tolist() == [*map(len, lists)]


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=5), st.integers(1, 4), max_size=10),
    st.sets(st.text("abc", min_size=1, max_size=2)),
    st.sampled_from(["all", "rare"]),
    st.integers(0, 6),
    st.integers(1, 3),
)
def test_best_pieces_are_those_of_a_count_by_names(
    counts: dict[str, int], known: set[str], pieces_of: Literal["all", "rare"], most: int, least: int
) -> None:
    recipe = Recipe(pieces_of=pieces_of, pieces=most, min_piece_texts=least, piece_sizes=(2, 3))
    occurrences: Counter[str] = Counter()
    for word, texts in counts.items():
        if pieces_of == "all" or word not in known:
            occurrences.update(dict.fromkeys(pieces(word, (2, 3)), 1 if pieces_of == "all" else texts))
    expected = [piece for piece, texts in occurrences.most_common(most) if texts >= least]
    assert vocabulary._best_pieces(recipe, Counter(counts), known) == expected
