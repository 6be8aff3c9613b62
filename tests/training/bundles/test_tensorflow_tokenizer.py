"""TensorFlow's form of the tokenizer splits every kind of character as the service does."""

import random

import pytest

from app.classifier.tokenizer import CharacterReferences, plain, tokenize

pytest.importorskip("tensorflow")

import tensorflow as tf

from training.bundles.tensorflow_tokenizer import Tokenizer, decomposed, without_diacritics, without_quotes

BLOCKS = (range(128), range(0x80, 0x3000), range(0x3000, 0xD800), range(0xE000, 0x11000), range(0x11000, 0x20000))
REFERENCES = "&amp; &lt; &quot; &#39; &#x2019; &#X2019; &#0039; &rsquo; &nbsp; &eacute; &amp;quot; &nosuch; &#3; &"


def texts() -> list[str]:
    draw = random.Random(7)
    made = ["".join(chr(draw.choice(draw.choice(BLOCKS))) for _ in range(40)) for _ in range(300)]
    return ["", REFERENCES, REFERENCES.replace(" ", "x"), *made]


@pytest.mark.slow
@pytest.mark.parametrize("references", ["html", "keras"])
def test_words_are_those_of_the_service(references: CharacterReferences) -> None:
    words = Tokenizer(references)(tf.constant(texts())).to_list()
    expected = [[decomposed(word).encode() for word in tokenize(text, references)] for text in texts()]
    assert words == expected


def test_words_lose_quotes_and_diacritics_as_in_the_encoder() -> None:
    words = ["'nestl\u00e9'", "''", "m\u00e6rsk", "\u01ff", "don't", "\u0131", "\ud55c", "\u0439"]
    found = without_diacritics(without_quotes(tf.constant([decomposed(word) for word in words])))
    assert [word.decode() for word in found.numpy()] == [decomposed(plain(word.strip("'"))) for word in words]
