"""Question and exclamation marks are words with `split_marks`; every other character is split as without it."""

import itertools
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.classifier.characters.folding import fold
from app.classifier.characters.marks import MARKS, with_marks
from app.classifier.characters.symbols import fold_with_symbols
from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from app.classifier.tokenizer import Tokenizer

GOLDEN = [  # each line split by hand: a text, and its words separated by spaces
    ("Right? right.", "right ? right"),
    ("No!! What?!", "no ! ! what ? !"),
    ("ok\uff1f ja‼ «quoi⁉»", "ok ? ja ! quoi ?"),
    ("كيف؟ ինչո՞ւ", "كيف ? ինչո ? ւ"),
    ("¿qué tal? ¡hola!", "qué tal ? hola !"),
    ("a&quest;b&excl;", "a ? b !"),
    ("don't!'x'", "don't ! 'x'"),
    ("中国\uff1f👍!", "中 国 ? 👍 !"),
    ("a.b; c: d", "a b c d"),
    ("???", "? ? ?"),
    ("", ""),
]
texts = st.text(st.sampled_from("?!\uff1f؟‼⁉ab'. é中👍&;\u0301\u200d") | st.characters(codec="utf-8"), max_size=40)
options = st.booleans()


@pytest.mark.parametrize(("text", "words"), GOLDEN)
def test_marks_are_words(text: str, words: str) -> None:
    tokenizer = Tokenizer(split_unspaced=True, split_symbols=True, split_marks=True)
    assert tokenizer.tokenize(text) == words.split()
    assert [one.word for one in tokenizer.locate(text)] == words.split()


@example("a?b", False, False)
@example("é?!", False, False)
@given(texts, options, options)
def test_without_its_marks_a_text_has_the_words_that_it_has_without_the_option(
    text: str, unspaced: bool, symbols: bool
) -> None:
    with_marks, without = (Tokenizer("html", unspaced, symbols, split_marks=one) for one in (True, False))
    assert [word for word in with_marks.tokenize(text) if word not in "?!"] == without.tokenize(text)


@example("a&quest;?")
@given(texts)
def test_locate_finds_the_words_of_tokenize_where_they_are(text: str) -> None:
    tokenizer = Tokenizer(split_marks=True)
    located = list(tokenizer.locate(text))
    assert [one.word for one in located] == tokenizer.tokenize(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(located))
    marks = [(one.word, text[one.start : one.end]) for one in located if one.word in MARKS]
    assert all(MARKS.get(place, word) == word for word, place in marks if not place.startswith("&"))


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Oh\u203c\ufe0f yes", ["Oh", "\u203c\ufe0f", "yes"]),  # the emoji with its variation selector
        ("a\u2049\ufe0f", ["a", "\u2049\ufe0f"]),
        ("a\uff1f!b", ["a", "\uff1f", "!", "b"]),
        ("a&quest;b", ["a", "&quest;", "b"]),
        ("\u00e9 ok?", ["\u00e9", "ok", "?"]),
        ("\u4e2d\uff1f", ["\u4e2d", "\uff1f"]),
    ],
)
@pytest.mark.parametrize("split_symbols", [False, True])
def test_position_of_a_mark_is_that_of_what_is_written(text: str, marked: list[str], split_symbols: bool) -> None:
    located = Tokenizer("html", True, split_symbols, split_marks=True).locate(text)
    assert [text[one.start : one.end] for one in located] == marked


def test_marks_are_all_compatibility_forms_and_separate_words_otherwise() -> None:
    for character in map(chr, range(0x20000)):
        if character in MARKS:
            assert fold(character) == fold_with_symbols(character) == " "
            assert with_marks(fold)(character) == f" {MARKS[character]} "
        else:
            assert not {*unicodedata.normalize("NFKC", character)} & {"?", "!"}
            assert with_marks(fold)(character) == fold(character)


def test_encoder_reads_marks_only_if_the_encoding_says_so() -> None:
    index = {"right": 1, "?": 2, "right ?": 3, "? *2": 4}
    with_marks, without = (
        Encoder(EncodingSpec(size=9, offset=0, start_id=None, pairs=True, repeats=True, split_marks=one), index)
        for one in (True, False)
    )
    assert sorted(with_marks.encode("Right??").ids) == [1, 2, 3, 4]
    assert sorted(without.encode("Right??").ids) == [1]
    assert [one.word for one in with_marks.locate("Right??")] == ["right", "?", "?"]
    assert [one.word for one in without.locate("Right??")] == ["right"]
