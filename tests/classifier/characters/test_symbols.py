"""Symbols are words with `split_symbols`; every other text is split as without it."""

import itertools
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.classifier.characters.folding import fold
from app.classifier.characters.symbols import SKIN_TONES, fold_with_symbols, is_symbol, join_flags
from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from app.classifier.tokenizer import Tokenizer, tokenize
from tests.classifier.decomposed import has_decomposed_separator

GOLDEN = [  # each line split by hand: a text, and its words separated by spaces
    ("great😀😀 news", "great 😀 😀 news"),
    ("👍 👍🏽 👍🏿", "👍 👍 👍"),
    ("❤️ ❤ &hearts;", "❤ ❤ ♥"),
    ("👩🏽‍💻 🤷‍♀️ 👨‍👩‍👧", "👩 💻 🤷 ♀ 👨 👩 👧"),
    ("🇺🇸🇫🇷 🇫🇷vs🇩🇪", "🇺🇸 🇫🇷 🇫🇷 vs 🇩🇪"),
    ("🇺 🇸 🇺🇸🇫", "🇺 🇸 🇺🇸 🇫"),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏳️‍🌈", "🏴 🏳 🌈"),
    ("5️⃣ #️⃣", "5"),
    ("© 2026, 20°C ★★ ✓", "© 2026 20 ° c ★ ★ ✓"),
    ("Botox™ 10㎏ € → + ½", "botox 10"),
    ("don't😡 ❛so❜", "don't 😡 'so'"),
    ("中国😀か", "中 国 😀 か"),
]
SAMPLE = "😀👍🏽\ufe0f\u200d❤🇫🇷🇩👩💻♀🏴\U000e0067\u20e3★©™㎏𝅘𝅥中かガน้ำ뉴스oil'1 .&;#\u0301\u0e48\u2019❛"
texts = st.text(st.sampled_from(SAMPLE) | st.characters(codec="utf-8"), max_size=40)
options = st.booleans()
WITH_SYMBOLS = Tokenizer(split_symbols=True)


def without_tones(text: str) -> str:
    """With symbols, skin tones vanish; without, they separate words."""
    return "".join(character for character in text if character not in SKIN_TONES)


@pytest.mark.parametrize(("text", "words"), GOLDEN)
def test_symbols_are_words(text: str, words: str) -> None:
    tokenizer = Tokenizer(split_unspaced=True, split_symbols=True)
    assert tokenizer.tokenize(text) == words.split()
    assert [one.word for one in tokenizer.locate(text)] == words.split()


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("ok 👍🏽!", ["ok", "👍🏽"]),
        ("❤️❤️", ["❤️", "❤️"]),
        ("🏽👍", ["👍"]),
        ("👩🏽‍💻🇫🇷x", ["👩🏽‍", "💻", "🇫🇷", "x"]),
        ("a&hearts;b", ["a", "&hearts;", "b"]),
        ("🇫‍🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿", ["🇫‍🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]),
    ],
)
def test_skin_tones_and_variation_selectors_are_in_the_position_of_their_emoji(text: str, marked: list[str]) -> None:
    assert [text[one.start : one.end] for one in WITH_SYMBOLS.locate(text)] == marked


@example("🇫\u200d🇷🇩🏽", False)
@given(texts, options)
def test_locate_finds_the_words_of_tokenize_where_they_are(text: str, split_unspaced: bool) -> None:
    tokenizer = Tokenizer("html", split_unspaced, split_symbols=True)
    located = list(tokenizer.locate(text))
    assert [one.word for one in located] == tokenizer.tokenize(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(located))
    if "&" not in text:
        pieces = [(one.word, text[one.start : one.end]) for one in located if one.start < one.end]
        assert all(tokenizer.tokenize(piece)[0] == word for word, piece in pieces)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_texts_are_split_as_without_the_option(text: str) -> None:
    words, located = WITH_SYMBOLS.tokenize(text), list(WITH_SYMBOLS.locate(text))
    if not any(map(is_symbol, "".join(words))):  # `&copy;`
        assert words == tokenize(text)
        assert [one.word for one in located] == words


@given(texts.filter(lambda text: "&" not in text), options)
def test_words_that_are_no_symbols_are_those_without_the_option(text: str, split_unspaced: bool) -> None:
    words = Tokenizer("html", split_unspaced, split_symbols=True).tokenize(text)
    others = [word for word in words if not is_symbol(word[0])]
    assert others == Tokenizer("html", split_unspaced).tokenize(without_tones(text))
    assert all(len(word) <= 2 for word in words if is_symbol(word[0]))


@given(texts, options)
def test_splitting_words_again_changes_nothing(text: str, split_unspaced: bool) -> None:
    tokenizer = Tokenizer("html", split_unspaced, split_symbols=True)
    words = tokenizer.tokenize(text)
    assert tokenizer.tokenize(" ".join(words)) == words


@given(texts.filter(lambda text: not has_decomposed_separator(text)))
def test_composed_and_decomposed_texts_have_the_same_words(text: str) -> None:
    composed, decomposed = (WITH_SYMBOLS.tokenize(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed == decomposed


def test_symbols_are_separators_otherwise_and_stay_as_they_are() -> None:
    for character in map(chr, (*range(0x20000), *range(0xE0000, 0xE0200))):
        folded = fold_with_symbols(character)
        if character in SKIN_TONES:
            assert (fold(character), folded) == (" ", "")
        elif folded.strip() == character and folded != fold(character):
            assert (fold(character), unicodedata.normalize("NFKC", character)) == (" ", character)
            assert character.lower() == character
        else:
            assert folded == fold(character)


def test_long_runs_stay_bounded_and_have_the_same_number_of_words_when_located() -> None:
    for text in ("😀" * 100_000, "🇫" * 100_001, "🏽" * 100_000, "👍🏽\u200d" * 30_000):
        assert len(join_flags("".join(map(fold_with_symbols, text)))) <= 3 * len(text)
        assert len(WITH_SYMBOLS.tokenize(text)) == len(list(WITH_SYMBOLS.locate(text)))


def test_encoder_reads_symbols_only_if_the_encoding_says_so() -> None:
    index = {"up": 1, "👍": 2, "👍 *2": 3, "up 👍": 4, "🇫🇷": 5}
    with_symbols, without = (
        Encoder(EncodingSpec(size=9, offset=0, start_id=None, pairs=True, repeats=True, split_symbols=one), index)
        for one in (True, False)
    )
    text = "up 👍🏽👍 🇫🇷🇩🇪"
    found = with_symbols.encode(text)
    assert (found.ids, found.words, found.known, found.unknown) == ([1, 2, 3, 4, 5], 5, 4, ["🇩🇪"])
    assert [text[one.start : one.end] for one in with_symbols.locate(text)] == ["up", "👍🏽", "👍", "🇫🇷", "🇩🇪"]
    assert without.encode(text).ids == [1]
    assert [one.word for one in without.locate(text)] == ["up"]
