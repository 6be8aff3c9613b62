"""Tokenizer: decodes HTML character references, folds characters and splits a text into lower-case words."""

import html
import html.entities
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from app.classifier.characters.folding import CharacterTable, fold, without_diacritics
from app.classifier.characters.symbols import fold_with_symbols, join_flags
from app.classifier.characters.unspaced_scripts import space_out

CharacterReferences = Literal["html", "keras"]
"""Which HTML character references are decoded: all, or those that the text of the Keras data set cannot contain.

Keras did not decode the archive's `&lt;`, `&amp;` and control characters (`&#3;`), so in its word index `lt`, `amp` and
`3` are words.
"""

_REFERENCE = re.compile(
    r"&(?:amp;|\#38;|\#x26;)*"  # `&amp;quot;`: encoded twice or more often
    r"(\#[0-9]{1,9}|\#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});"
)
_LONGEST_COMPOSED = 64
"""Most code points of a word that is put into normal form C, which takes quadratic time in a run of marks."""

_FOLDED, _PLAIN = CharacterTable(fold), CharacterTable(without_diacritics)
_WITH_SYMBOLS = CharacterTable(fold_with_symbols)
_SEPARATED = CharacterTable(lambda character: " " if fold(character) == " " else "x")
"""Separators become a space and all other characters an x, so that places stay the same."""
_SEPARATED_WITH_SYMBOLS = CharacterTable(lambda character: " " if fold_with_symbols(character) == " " else "x")

# The same for ASCII: bytes.translate is much faster than str.translate. Control characters, which vanish, become a byte
# that is not ASCII, so that a text with any of them is folded by the other table.
_ASCII_TABLE = bytes(ord(fold(chr(code)) or "\x80") for code in range(128)) + bytes(128)


def tokenize(
    text: str, references: CharacterReferences = "html", split_unspaced: bool = False, split_symbols: bool = False
) -> list[str]:
    """Lower-case words of a text, in order. Punctuation splits words (`U.S.` is two), apostrophes do not.

    HTML character references are decoded, compatibility forms and case are folded, invisible characters vanish, and
    what is not a letter, mark, digit or apostrophe separates words. Quotes at the edges of a word and diacritics stay:
    the encoder drops them if it does not know the word with them. With `split_unspaced`, characters of scripts that are
    written without spaces between words, such as Chinese and Thai, are words. With `split_symbols`, symbols such as
    emoji are words, too.
    """
    if "&" in text:
        text = _REFERENCE.sub(lambda match: _decode(match, references), text)
    try:
        return text.encode("ascii").translate(_ASCII_TABLE).decode("ascii").split()
    except UnicodeError:
        words = _split(text, split_unspaced, split_symbols)
        return [word if word.isascii() else _compose(word) for word in words]


def _split(text: str, split_unspaced: bool, split_symbols: bool) -> list[str]:
    folded = join_flags(text.translate(_WITH_SYMBOLS)) if split_symbols else text.translate(_FOLDED)
    return (space_out(folded) if split_unspaced else folded).split()


def plain(word: str) -> str:
    """A word of `tokenize` without diacritics."""
    return word.translate(_PLAIN)


class Word(NamedTuple):
    """A lower-case word and its position: `text[start:end]` of the original text, in code points."""

    word: str
    start: int
    end: int


def locate(
    text: str, references: CharacterReferences = "html", split_unspaced: bool = False, split_symbols: bool = False
) -> Iterator[Word]:
    """The words of `tokenize`, each with its position in the text."""
    if _REFERENCE.search(text):
        yield from _fold_words(_characters(text, references), split_unspaced, split_symbols)
        return
    for run in re.finditer("x+", text.translate(_SEPARATED_WITH_SYMBOLS if split_symbols else _SEPARATED)):
        start, end = run.span()
        word = text[start:end]
        if word.isascii() and word.isprintable():  # control characters vanish
            yield Word(word.lower(), start, end)
        else:
            characters = zip(range(start, end), range(start + 1, end + 1), word, strict=True)
            yield from _fold_words(characters, split_unspaced, split_symbols)


def _fold_words(
    characters: Iterable[tuple[int, int, str]], split_unspaced: bool, split_symbols: bool
) -> Iterator[Word]:
    """The words of characters, each of which has its start and end in the text."""
    table = _WITH_SYMBOLS if split_symbols else _FOLDED
    run = ""
    places: list[tuple[int, int]] = []
    """Start and end in the text of each character of `run`; of several that one character was folded to, the first has
    its position, and the others are empty at its end."""
    for first, last, character in (*characters, (0, 0, " ")):
        folded = table[ord(character)]
        if folded != " ":
            folded = folded.strip()  # of a symbol
            run += folded
            places += [(last if i else first, last) for i in range(len(folded))]
            if split_symbols and places and not folded:
                # Invisible characters and skin tones belong to the emoji before them, and would look different alone.
                places[-1] = (places[-1][0], last)
        elif run:
            at = 0
            # Folding characters again changes nothing.
            for word in _split(run, split_unspaced, split_symbols) if split_unspaced or split_symbols else [run]:
                yield Word(_compose(word), places[at][0], places[at + len(word) - 1][1])
                at += len(word)
            run, places = "", []


def _characters(text: str, references: CharacterReferences) -> Iterator[tuple[int, int, str]]:
    """The characters of a text with decoded references, each with the start and end of what it was made of."""
    position = 0
    for match in _REFERENCE.finditer(text):
        decoded = _decode(match, references)
        if decoded == match[0]:
            continue
        yield from ((i, i + 1, text[i]) for i in range(position, match.start()))
        yield from ((match.start(), match.end(), character) for character in decoded)
        position = match.end()
    yield from ((i, i + 1, text[i]) for i in range(position, len(text)))


def character_reference(name: str, references: CharacterReferences) -> str | None:
    """The characters of the reference `&name;`; None if there is no such name or it is not to be decoded."""
    # html.unescape alone would also decode the beginning of a name: `&notes;` to a sign and `es;`.
    decoded = html.unescape(f"&{name};") if name[0] == "#" else html.entities.html5.get(f"{name};")
    return None if references == "keras" and (not decoded or name in ("lt", "amp")) else decoded


def _decode(match: re.Match[str], references: CharacterReferences) -> str:
    decoded = character_reference(match[1], references)
    return match[0] if decoded is None else decoded


def _compose(word: str) -> str:
    return unicodedata.normalize("NFC", word) if len(word) <= _LONGEST_COMPOSED else word
