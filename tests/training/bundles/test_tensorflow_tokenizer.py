"""TensorFlow's form of the tokenizer splits every kind of character as the service does."""

import random
import re
import unicodedata

import pytest

from app.classifier.tokenizer import CharacterReferences, Tokenizer, plain, tokenize
from app.classifier.word_index import pieces

pytest.importorskip("tensorflow")

import tensorflow as tf

from training.bundles.tensorflow_tokenizer import TensorflowTokenizer, decomposed, without_diacritics, without_quotes
from training.bundles.tensorflow_tokenizer import pieces as tensorflow_pieces

UNSPACED = "中国か\u3099ガｶーๆกำน้ำ่เກຫນໜຳក្ដ្មមျ္က်ကœé뉴스\u1112\u1161\u11aboil'1 .\u2019\U00011700\U0001171d\u1a60\u1a20"
SYMBOLS = "😀👍🏽\ufe0f\u200d❤🇫🇷🇩👩💻♀\u20e3★©™㎏中น้ oil'. ❛\u0301"
BLOCKS = (range(128), range(0x80, 0x3000), range(0x3000, 0xD800), range(0xE000, 0x11000), range(0x11000, 0x20000))
REFERENCES = "&amp; &lt; &quot; &#39; &#x2019; &#X2019; &#0039; &rsquo; &nbsp; &eacute; &amp;quot; &nosuch; &#3; &"
ENCODED_TWICE = "&amp;#39; &amp;eacute; &amp;amp;rsquo; &#38;#x2019; &#x26;shy; &amp;lt; &amp;#33; &amp;#32;"


def texts() -> list[str]:
    draw = random.Random(7)
    made = ["".join(chr(draw.choice(draw.choice(BLOCKS))) for _ in range(40)) for _ in range(300)]
    references = [REFERENCES, ENCODED_TWICE]
    return ["", *references, *(text.replace(" ", "x") for text in references), *made]


@pytest.mark.slow
@pytest.mark.parametrize("references", ["html", "keras"])
def test_words_are_those_of_the_service(references: CharacterReferences) -> None:
    tokenizer = Tokenizer(references)
    words = TensorflowTokenizer(tokenizer)(tf.constant(texts())).to_list()
    expected = [[decomposed(word).encode() for word in tokenizer.tokenize(text)] for text in texts()]
    assert words == expected


@pytest.mark.slow
def test_characters_of_unspaced_scripts_are_those_of_the_service() -> None:
    draw = random.Random(8)
    some = [*texts(), *("".join(draw.choices(UNSPACED, k=30)) for _ in range(2000))]
    tokenizer = Tokenizer(split_unspaced=True)
    words = TensorflowTokenizer(tokenizer)(tf.constant(some)).to_list()
    found = [[decomposed(word.decode()) for word in row] for row in words]  # TensorFlow does not reorder marks
    assert found == [[decomposed(word) for word in tokenizer.tokenize(text)] for text in some]


@pytest.mark.slow
@pytest.mark.parametrize("split_unspaced", [False, True])
def test_symbols_are_those_of_the_service(split_unspaced: bool) -> None:
    draw = random.Random(9)
    some = [*texts(), *("".join(draw.choices(SYMBOLS, k=30)) for _ in range(2000)), "&copy;1 &hearts; &#xAE;"]
    tokenizer = Tokenizer("html", split_unspaced, split_symbols=True)
    words = TensorflowTokenizer(tokenizer)(tf.constant(some)).to_list()
    expected = [[decomposed(word) for word in tokenizer.tokenize(text)] for text in some]
    expected[-1].remove("♥")  # of the names, only those of Latin-1 are decoded
    assert [[decomposed(word.decode()) for word in row] for row in words] == expected


@pytest.mark.slow
@pytest.mark.parametrize("split_symbols", [False, True])
def test_marks_are_those_of_the_service(split_symbols: bool) -> None:
    draw = random.Random(10)
    some = [
        *texts(),
        *("".join(draw.choices(SYMBOLS + "?!\uff1f؟‼⁉", k=30)) for _ in range(2000)),
        "a&quest;b&excl; &#63;",
    ]
    tokenizer = Tokenizer(split_symbols=split_symbols, split_marks=True)
    words = TensorflowTokenizer(tokenizer)(tf.constant(some)).to_list()
    expected = [[decomposed(one) for one in tokenizer.tokenize(text)] for text in some]
    assert [[decomposed(word.decode()) for word in row] for row in words] == expected


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2, 4), (3, 3), (5, 8)])
def test_pieces_are_those_of_the_service(sizes: tuple[int, int]) -> None:
    composed = [unicodedata.normalize("NFC", text) for text in (*texts(), UNSPACED, "Tiếng Việt ᾂ ǖ", "뉴스속보 " * 3)]
    words = [*{word for text in composed for word in tokenize(text)}, "é" * 70, "x" * 70, "한" * 64]
    words = [word for word in words if not re.search("[\u0300-\u036f]", word)]  # marks that NFC could not compose
    found = tensorflow_pieces(tf.constant([decomposed(word) for word in words]), sizes).to_list()
    assert found == [[decomposed(piece).encode() for piece in pieces(word, sizes)] for word in words]


def test_words_lose_quotes_and_diacritics_as_in_the_encoder() -> None:
    words = ["'nestl\u00e9'", "''", "m\u00e6rsk", "\u01ff", "don't", "\u0131", "\ud55c", "\u0439"]
    found = without_diacritics(without_quotes(tf.constant([decomposed(word) for word in words])))
    assert [word.decode() for word in found.numpy()] == [decomposed(plain(word.strip("'"))) for word in words]
