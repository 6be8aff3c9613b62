"""Characters of scripts without spaces are words; every other text is split as without the option."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier.characters.folding import fold
from app.classifier.characters.unspaced_scripts import space_out
from app.classifier.tokenizer import _FOLDED, Tokenizer, tokenize
from tests.classifier.decomposed import has_decomposed_separator

GOLDEN = [  # each line split by hand: a text, and its words separated by spaces
    ("뉴스 속보, 한국은행 금리 인상", "뉴스 속보 한국은행 금리 인상"),
    ("央行宣布降息", "央 行 宣 布 降 息"),
    ("苹果发布iPhone 15新手机", "苹 果 发 布 iphone 15 新 手 机"),
    ("“中国”股市、上证指数涨2%", "中 国 股 市 上 证 指 数 涨 2"),
    ("𠮷野家㐂", "𠮷 野 家 㐂"),
    ("日銀、金利を引き上げ", "日 銀 金 利 を 引 き 上 げ"),
    ("スーパーで人々が", "ス ー パ ー で 人 々 が"),
    ("ｶﾞｿﾘﾝ１０円", "ガ ソ リ ン 10 円"),
    ("か\u3099", "が"),
    ("ข่าวน้ำท่วม", "ข่ า ว น้ํา ท่ ว ม"),
    ("เศรษฐกิจไทย ปี ๒๕๖๗", "เ ศ ร ษ ฐ กิ จ ไ ท ย ปี 2567"),
    ("ລາວ ໜຶ່ງ ຫນຶ່ງ ນ້ຳ", "ລ າ ວ ຫນຶ່ ງ ຫນຶ່ ງ ນ້ໍາ"),
    ("ប្រទេសកម្ពុជា", "ប្រ ទេ ស ក ម្ពុ ជា"),
    ("မြန်မာနိုင်ငံ ကမ္ဘာ", "မြ န် မာ နို င် ငံ က မ္ဘာ"),
    ("बाज़ार में तेज़ी", "बाज़ार में तेज़ी"),
    ("Oil don't ສ'", "oil don't ສ '"),
    ("tiếng Việt café", "tiếng việt café"),
]
SAMPLE = "中国日本かガｶﾞーๆกำน้ำเກຫນໜក្ដមျက္ကœ\u0301\u0e48\u3099\u0323뉴스oil'1 .&;#\u200b\u2019"
texts = st.text(st.sampled_from(SAMPLE) | st.characters(codec="utf-8"), max_size=40)
UNSPACED = Tokenizer(split_unspaced=True)


@pytest.mark.parametrize(("text", "words"), GOLDEN)
def test_characters_of_scripts_without_spaces_are_words(text: str, words: str) -> None:
    expected = [unicodedata.normalize("NFC", word) for word in words.split()]
    assert UNSPACED.tokenize(text) == expected


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_texts_are_split_as_without_the_option(text: str) -> None:
    assert UNSPACED.tokenize(text) == tokenize(text)
    assert list(UNSPACED.locate(text)) == list(Tokenizer().locate(text))


@given(
    st.text(st.characters(max_codepoint=0xE00) | st.sampled_from("뉴스 \u2018\u2019\u1112\u1161\u11ab"), max_size=60)
)
def test_texts_in_scripts_with_spaces_are_split_as_without_the_option(text: str) -> None:
    assert UNSPACED.tokenize(text) == tokenize(text)


@given(texts)
def test_only_word_boundaries_are_added(text: str) -> None:
    split, whole = UNSPACED.tokenize(text), tokenize(text)
    assert unicodedata.normalize("NFC", "".join(split)) == unicodedata.normalize("NFC", "".join(whole))
    assert len(split) >= len(whole)
    assert UNSPACED.tokenize(" ".join(split)) == split


@given(texts.filter(lambda text: not has_decomposed_separator(text)))
def test_composed_and_decomposed_texts_have_the_same_characters(text: str) -> None:
    composed, decomposed = (UNSPACED.tokenize(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed == decomposed


@given(texts)
def test_locate_finds_the_words_of_tokenize_where_they_are(text: str) -> None:
    located = list(UNSPACED.locate(text))
    assert [one.word for one in located] == UNSPACED.tokenize(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(located))
    outside = [text[before:after] for before, after in itertools.pairwise(_gaps(located, len(text)))][::2]
    assert not any(fold(character).strip() for gap in outside if "&" not in text for character in gap)
    if "&" not in text:
        pieces = [(one.word, text[one.start : one.end]) for one in located if one.start < one.end]
        assert all(UNSPACED.tokenize(piece)[0] == word for word, piece in pieces)


def _gaps(located: list, end: int) -> list[int]:
    return [0, *[place for one in located for place in (one.start, one.end)], end]


def test_no_two_words_begin_at_the_same_place_but_those_of_two_ligatures() -> None:
    characters = map(chr, (*range(0xE00, 0xAC00), *range(0xF900, 0x20000)))
    double = {one for one in characters if len(fold(one)) > 1 and len(UNSPACED.tokenize(one)) > 1}
    assert double == {"\u309f", "\u30ff"}


def test_thousands_of_marks_or_characters_take_linear_time() -> None:
    for text in ("\u0e48" * 100_000, "ก" + "\u0e48" * 100_000, "က\u1039" * 50_000, "中" * 100_000, "\u1039" * 100_000):
        assert len(space_out(text)) <= 3 * len(text)


def test_table_of_folded_characters_is_shared() -> None:
    UNSPACED.tokenize("中国")
    assert _FOLDED[False, False][ord("国")] == "国"
