"""Tokenizer: spellings of today's press, Unicode properties, and hostile texts."""

import itertools
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import tokenize
from app.classifier.characters.folding import fold
from app.classifier.tokenizer import _FOLDED, Tokenizer, plain, unquoted
from tests.classifier.decomposed import has_decomposed_separator

KERAS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u2066\u2069\u0000\u0007\u007f\ufe0f\u034f"
characters = st.characters(codec="utf-8") | st.sampled_from(" .,'\t\n\u2019\u2014oilu\u0130\u00df\u0301\u0327&;#amp39")
texts = st.text(characters, max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U.S. oil prices", "u s oil prices"),
        ("don't -- STOP!", "don't stop"),
        ("Opec\u2019s cut\u2014again\u2026", "opec's cut again"),
        ("Opec\u00b4s, Opec\u02bcs, Opec\u2032s", "opec's opec's opec's"),
        (" \t\n\x0b\x0c\r\x1c\x1f\x85\u2028\u2029\u3000\xa0", ""),
        # quotes stay at the edge: the vocabulary decides about them
        ("\u2018Trade war\u2019 looms", "'trade war' looms"),
        ("\u201aBrexit\u2018", "'brexit'"),
        ("\u201cgreen\u201d \u00abbonds\u00bb \u201eboom\u201f \u2039now\u203a", "green bonds boom now"),
        # invisible characters
        ("o\u200bil pri\u00adces", "oil prices"),
        ("\ufeffOil \u202aprices\u202c \u2068rise\u2069", "oil prices rise"),
        ("O\u200eP\u200fEC", "opec"),
        ("oil\x00 pri\x07ces \x7frise", "oil prices rise"),
        ("co\u2060ffee\u034f", "coffee"),
        ("\u115fgold\u3164", "gold"),
        # compatibility forms
        ("\uff2f\uff29\uff2c\u3000\uff50\uff52\uff49\uff43\uff45\uff53", "oil prices"),
        ("\ufb01sh \ufb02oat o\ufb00er", "fish float offer"),
        ("\U0001d40e\U0001d422\U0001d425", "oil"),
        ("\u216b m\u00b2 \u2460 H\u2082O", "xii m2 1 h2o"),
        ("2\u00bd pct", "2 pct"),
        ("\uff0410\uff05 \uff06 R\uff07s", "10 r's"),
        # currencies, trademarks, arrows, dashes and other symbols
        ("\u20ac80bn \u00a35m \u00a51tn \u20b9200 \u20bf1", "80bn 5m 1tn 200 1"),
        ("Ozempic\u2122 Botox\u00ae \u00a9Reuters", "ozempic botox reuters"),
        ("oil\u2192gold \u2191copper\u2193", "oil gold copper"),
        ("tin\u2212zinc\u2043lead\uff0dgold\u2e3aoil\u301ccoffee", "tin zinc lead gold oil coffee"),
        ("10\u00b0C \u00b15 \u00a7 3 \u00d7 2", "10 c 5 3 2"),
        ("oil\ufffdprices\ue000rise", "oil prices rise"),
        # emoji
        ("\U0001f680Bitcoin\U0001f4c8 \u2764\ufe0f gold", "bitcoin gold"),
        ("\U0001f1fa\U0001f1f8 jobs \U0001f469\u200d\U0001f4bb \U0001f44d\U0001f3fd 5\ufe0f\u20e3", "jobs 5"),
        # case
        ("\u0130STANBUL Istanbul", "i\u0307stanbul istanbul"),
        ("STRASSE stra\u00dfe STRA\u1e9eE", "strasse strasse strasse"),
        ("\u039f\u0394\u039f\u03a3 \u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3 \u03bf\u03b4\u03bf\u03c3"),
        # marks and digits of other scripts
        ("Nestle\u0301 Nestl\u00e9", "nestl\u00e9 nestl\u00e9"),
        ("\u0665\u0660 \u09e8\u0966 \uff15\uff10", "50 20 50"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u1112\u1161\u11ab", "\u0939\u093f\u0928\u094d\u0926\u0940 \ud55c"),
        # character references
        ("S&amp;P 500 hits high; AT&amp;T", "s p 500 hits high at t"),
        ("Fed&#39;s &quot;pause&quot;", "fed's pause"),
        ("Fed&#x27;s &ldquo;pause&rdquo; &#8216;now&#8217;", "fed's pause 'now'"),
        ("Opec&rsquo;s cut&nbsp;&mdash;&#160;again&hellip;", "opec's cut again"),
        ("&lt;b&gt;Oil&lt;/b&gt;", "b oil b"),
        ("M&amp;amp;A &amp;quot;boom&amp;quot; &amp;#39;s", "m a boom 's"),
        ("caf&eacute; pro&shy;fit &#150; &#3;gold", "caf\u00e9 profit gold"),
        ("R&D &nosuch; &copycat; &#xd800; &#99999999; Q&A;", "r d nosuch copycat q a"),
        ("&amp", "amp"),
    ],
)
def test_spellings_of_the_press_become_plain_words(text: str, expected: str) -> None:
    assert tokenize(text) == expected.split()
    assert [word.word for word in Tokenizer().locate(text)] == expected.split()


def test_references_that_the_keras_set_kept_as_words_stay_words() -> None:
    text = "&lt;Ford> &amp; &#3; &#127; &quot;a&#39;b&quot;"
    keras = Tokenizer("keras")
    assert keras.tokenize(text) == ["lt", "ford", "amp", "3", "127", "a'b"]
    assert [word.word for word in keras.locate(text)] == keras.tokenize(text)
    assert Tokenizer("html").tokenize(text) == ["ford", "a'b"]


@pytest.mark.parametrize("code", range(128))
def test_ascii_separates_as_in_keras(code: int) -> None:
    character = chr(code)
    words = tokenize(f"a{character}b")
    if character in KERAS or character.isspace():
        assert words == ["a", "b"]
    else:
        assert words == (["ab"] if not character.isprintable() else [f"a{character.lower()}b"])


@given(texts)
def test_splitting_words_again_changes_nothing(text: str) -> None:
    words = tokenize(text)
    assert tokenize(" ".join(words)) == words


def test_folding_a_character_again_changes_nothing() -> None:
    for code in (*range(0x3400), *range(0xA000, 0xD800, 7), *range(0xE000, 0x20000)):
        folded = fold(chr(code))
        assert folded in (" ", "") or not re.search(r"\s", folded), hex(code)
        assert "".join(map(fold, folded)) == folded, hex(code)


@given(texts.filter(lambda text: not has_decomposed_separator(text)))
def test_composed_and_decomposed_texts_have_the_same_words(text: str) -> None:
    composed, decomposed = (tokenize(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed == decomposed == [unicodedata.normalize("NFC", word) for word in composed]


@given(texts.filter(lambda text: "&" not in text), st.lists(st.tuples(st.integers(0, 60), st.sampled_from(INVISIBLE))))
def test_invisible_characters_change_nothing_anywhere(text: str, inserted: list[tuple[int, str]]) -> None:
    seen = text
    for place, character in inserted:
        seen = seen[:place] + character + seen[place:]
    assert tokenize(seen) == tokenize(text)


@given(texts, texts, st.sampled_from(" \n.\u2014\u3000"))
def test_parts_have_the_words_of_the_whole(one: str, other: str, between: str) -> None:
    one, other = one.replace("&", ""), other.replace(";", "")
    assert tokenize(one + between + other) == tokenize(one) + tokenize(other)


@given(texts)
def test_case_changes_nothing_but_in_ascii_less_letters(text: str) -> None:
    text = "".join(c for c in text if c.isascii() and c not in "&#;")
    assert tokenize(text.upper()) == tokenize(text.lower()) == tokenize(text)


@given(texts)
def test_locate_finds_the_words_of_tokenize_where_they_stand(text: str) -> None:
    places = list(Tokenizer().locate(text))
    assert [place.word for place in places] == tokenize(text)
    assert all(text[place.start : place.end].strip() for place in places)
    assert all(before.end <= after.start for before, after in itertools.pairwise(places))


def test_place_of_a_reference_that_stays_is_that_of_its_name() -> None:
    text = "oil &opec; &amp;nosuch; &#0; up"
    assert [text[one.start : one.end] for one in Tokenizer().locate(text)] == ["oil", "opec", "amp", "nosuch", "up"]


def test_word_of_at_most_64_code_points_is_composed() -> None:
    composed, decomposed = "a" * 62 + "\u00e9", "a" * 62 + "e\u0301"
    assert tokenize(decomposed) == [composed]
    assert tokenize("a" + decomposed) == ["a" + decomposed]


def test_place_of_a_word_covers_what_it_was_made_of() -> None:
    text = "\ufeffS&amp;P pro\u00adfits \u2018caf&eacute;\u2019 \ufb01sh"
    assert [text[one.start : one.end] for one in Tokenizer().locate(text)] == [
        *("S", "P", "pro\u00adfits", "\u2018caf&eacute;\u2019", "\ufb01sh")
    ]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("nestl\u00e9", "nestle"),
        ("m\u00f8ller", "moller"),
        ("\u0142\u00f3d\u017a", "lodz"),
        ("m\u00e6rsk", "maersk"),
        ("i\u0307stanbul", "istanbul"),
        ("k\u0131br\u0131s", "kibris"),
        ("\ud55c\uad6d", "\ud55c\uad6d"),
        ("\u0939\u093f", "\u0939\u093f"),
        ("\u0301", ""),
        ("d'\u00eele", "d'ile"),
    ],
)
def test_plain_word_has_no_diacritics(word: str, expected: str) -> None:
    assert plain(word) == expected


def test_unquoted_words_keep_inner_apostrophes_and_are_not_empty() -> None:
    assert unquoted(["'strong", "markets'", "fed's", "'pause'", "''"]) == ("strong", "markets", "fed's", "pause")


HOSTILE = {
    "references": lambda n: "&amp;" * (n // 5),
    "unfinished references": lambda n: "&amp;" * (n // 5) + "x",
    "ampersands": lambda n: "&" * n,
    "one long name": lambda n: "&" + "a" * n,
    "one long number": lambda n: "&#" + "9" * n + ";",
    "names without end": lambda n: "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * (n // 31),
    "marks in the wrong order": lambda n: "a" + "\u0315\u0316" * (n // 2),
    "marks in the right order": lambda n: "\u01d8" + "\u0323" * (n // 2) + "\u0301" * (n // 2),
    "marks that may compose": lambda n: "\u1fa7\u3099" * (n // 2),
    "one word": lambda n: "\u00e9" * n,
    "quotes": lambda n: "\u2019" * n,
    "invisible": lambda n: "\u200b" * n,
    "hangul parts": lambda n: "\u1112\u1161\u11ab" * (n // 3),
    "every character": lambda n: "".join(map(chr, range(0x80, min(n, 0xD000)))) * (n // 0xD000 or 1),
    "long compatibility forms": lambda n: "\ufdfa" * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_linear_time(name: str) -> None:
    def seconds(length: int, function) -> float:
        text = HOSTILE[name](length)
        times = []
        for _ in range(2):
            started = time.process_time()
            function(text)
            times.append(time.process_time() - started)
        return min(times)

    for function in (tokenize, lambda text: list(Tokenizer().locate(text))):
        # 16 times the length would take 256 times as long in quadratic time. Both have more different characters than
        # the tables keep, if there are so many: otherwise the shorter text would be read from them alone.
        assert seconds(160_000, function) < 100 * max(seconds(10_000, function), 1e-3)


def test_no_character_becomes_much_longer() -> None:
    assert max(len(fold(chr(code))) for code in range(0xA000, 0x10000)) == 4
    assert tokenize("\ufdfa \ufdf2") == ["\ufdfa", "\u0627\u0644\u0644\u0647"]


def test_table_of_folded_characters_is_bounded() -> None:
    for start in range(0x100, 0x20000, 0x4000):
        tokenize("".join(chr(code) for code in range(start, start + 0x4000, 5) if not 0xD800 <= code < 0xE000))
    assert 1_000 < len(_FOLDED[False, False]) <= 8192
    assert tokenize("\U0001d40e\U0001d422\U0001d425 \u2603 \u00e9") == ["oil", "\u00e9"]
