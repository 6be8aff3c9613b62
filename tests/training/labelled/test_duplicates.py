"""Duplicates: equal texts, the same words, and all words but one."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.labelled import duplicates as module
from training.labelled.duplicates import MAX_WORDS, MIN_WORDS, find_duplicates

LONG = "the central bank raises its rates by half a point"
words = st.lists(st.text("abcdefghij", min_size=3, max_size=8), min_size=MIN_WORDS, max_size=12)


@pytest.mark.parametrize("other", [LONG.upper(), f"  {LONG} ", LONG.replace(" ", "\n"), LONG.replace("b", "\uff42")])
def test_case_space_and_width_make_no_difference(other: str) -> None:
    assert len(set(find_duplicates([LONG, other]).exact.tolist())) == 1


@pytest.mark.parametrize("word", ["o\u0301\u0323" * 50_000, "고" * 5_000, "oil " * 5_000])
def test_long_text_is_normalized_in_short_parts(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    lengths = []
    monkeypatch.setattr(module, "_normalized", lambda text: lengths.append(len(text)) or normalize("NFKC", text))
    assert len(set(find_duplicates([f"{word} Bank", f"{word}\n\uff42ank"]).exact.tolist())) == 1
    assert max(lengths) <= 1_000 or word.isascii()


@pytest.mark.parametrize(
    ("other", "near"),
    [
        (LONG.replace("half", "quarter"), True),
        (LONG + "!", True),
        (LONG + " today", True),
        (LONG.removeprefix("the "), True),
        ("half a point: the central bank raises its rates by", True),
        (LONG.replace("half", "quarter").replace("bank", "banks"), False),
    ],
)
def test_near_duplicates_differ_in_one_word(other: str, near: bool) -> None:
    found = find_duplicates([LONG, other])
    assert len(set(found.near.tolist())) == (1 if near else 2)
    assert len(set(found.exact.tolist())) == 2


@pytest.mark.parametrize(("one", "other"), [("oil prices rise", "oil prices fall"), ("환율 급등", "환율 급락")])
def test_short_texts_with_another_word_are_no_duplicates(one: str, other: str) -> None:
    assert len(set(find_duplicates([one, other]).near.tolist())) == 2


@pytest.mark.parametrize(("other", "near"), [("thank you 👍🏽", True), ("thank you 👎", False), ("thank you", False)])
def test_symbols_are_words(other: str, near: bool) -> None:
    assert (len(set(find_duplicates(["thank you 👍", other]).near.tolist())) == 1) == near


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("上海今天最高气温二十一度明天有雨注意", "上海今天最高气温二十二度明天有雨注意", True),
        ("上海股市上涨", "上海股市下跌", False),
        ("公司今年盈利大幅增加", "公司去年盈利大幅增加", False),  # ten characters are about five words
    ],
)
def test_characters_are_words_in_scripts_without_spaces(one: str, other: str, near: bool) -> None:
    assert (len(set(find_duplicates([one, other]).near.tolist())) == 1) == near


@pytest.mark.parametrize("texts", [["?!", "..."], ["📈", "📉"]])
def test_texts_without_words_are_compared_as_they_are(texts: list[str]) -> None:
    assert len(set(find_duplicates(texts).near.tolist())) == 2


def test_long_texts_are_near_duplicates_if_they_have_the_same_words() -> None:
    text = [f"word{i}" for i in range(MAX_WORDS + 1)]
    near = find_duplicates([" ".join(text), " ".join(reversed(text)), " ".join([*text[1:], "other"])]).near.tolist()
    assert near[0] == near[1] != near[2]


@given(words, st.integers(0, 7), st.text("klmnop", min_size=3, max_size=8), st.randoms(use_true_random=False))
def test_a_text_with_one_other_word_in_any_order_is_a_near_duplicate(
    text: list[str], place: int, word: str, generator: object
) -> None:
    changed = [*text[:place], word, *text[place + 1 :]]
    generator.shuffle(changed)
    near = find_duplicates([" ".join(text), "something else", " ".join(changed)]).near.tolist()
    assert near[0] == near[2] != near[1]
