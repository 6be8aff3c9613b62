from dataclasses import replace

import numpy as np

from training.corpus import Wire
from training.headlines.recipe import HEADLINES
from training.headlines.samples import Sample
from training.headlines.vocabulary import build_encoder, encode, unit_length

RECIPE = replace(HEADLINES, features=6, words=4, repeats=0, min_pair_texts=2)


def sample(text: str, label: int = 0) -> Sample:
    return Sample(tuple(text.split()), Wire(1, text, None, "", ("x",), label, (label,), "train", 0))


SAMPLES = [
    *[sample("oil prices rise", 16), sample("oil prices fall", 16), sample("wheat prices rise", 5)],
    *[sample("wheat prices fall", 5), sample("once", 5)],
]


def test_frequent_words_then_telling_pairs_then_rare_words() -> None:
    encoder, word_index = build_encoder(RECIPE, SAMPLES)
    features = list(word_index)
    assert features[0] == "prices"
    assert set(features[:4]) < {"prices", "oil", "rise", "fall", "wheat"}
    assert set(features[4:6]) == {"oil prices", "wheat prices"}  # not `prices rise`, which tells nothing
    assert list(word_index.values()) == list(range(1, len(word_index) + 1))
    assert encoder.status("once") == "rare"
    assert encoder.status("never") == "unknown"
    assert encoder.spec.size == 7


def test_rows_are_the_ids_that_serving_gives() -> None:
    encoder, word_index = build_encoder(RECIPE, SAMPLES)
    rows = encode(encoder, [("oil", "never", "prices"), ("once",), ()])
    assert rows.shape == (3, 7)
    known = [word_index["oil"], word_index["prices"], word_index["oil prices"]]  # the unknown word is skipped first
    assert sorted(rows[0].indices) == sorted(i for i in known if i < 7)
    assert rows[1:].nnz == 0
    assert np.all(rows.data == 1)


def test_words_that_come_only_after_the_lead_are_ranked_apart() -> None:
    recipe = replace(RECIPE, lead=2, later=1, min_later_texts=2)
    samples = [*SAMPLES, sample("oil prices wheat"), sample("oil prices wheat"), sample("oil wheat oil")]
    encoder, word_index = build_encoder(recipe, samples)
    assert list(word_index)[4] in {"wheat *later", "rise *later", "fall *later"}
    assert encoder.spec.lead == 2
    [word] = list(word_index)[4].split()[:1]
    rows = encode(encoder, [("oil", "prices", word), ("oil", word)])
    assert word_index[f"{word} *later"] in rows[0].indices
    assert word_index[word] not in rows[0].indices
    assert word_index[word] in rows[1].indices


def test_words_that_texts_repeat_come_between_words_and_pairs() -> None:
    recipe = replace(RECIPE, repeats=1, min_repeat_texts=2)
    samples = [*SAMPLES, sample("oil oil"), sample("prices and oil and oil"), sample("rise rise")]
    encoder, word_index = build_encoder(recipe, samples)
    assert list(word_index)[4] == "oil *2"
    assert " " in list(word_index)[5]
    rows = encode(encoder, [("oil",), ("oil", "never", "oil")])
    assert rows[0].indices.tolist() == [word_index["oil"]]
    assert rows[1].indices.tolist() == sorted([word_index["oil"], word_index["oil *2"]])


def test_rows_of_length_1_keep_their_ones_and_empty_ones_stay_empty() -> None:
    encoder, _ = build_encoder(RECIPE, SAMPLES)
    rows = unit_length(encode(encoder, [("oil", "prices", "rise"), ()]))
    assert np.linalg.norm(rows.toarray(), axis=1).tolist() == [1, 0]


def test_corpus_without_frequent_pairs_has_words_only() -> None:
    _, word_index = build_encoder(RECIPE, [sample("a b"), sample("b a")])
    assert list(word_index) == ["a", "b"]
