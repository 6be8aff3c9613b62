"""Tokenizer: decodes HTML character references, folds characters and splits a text into lower-case words."""

import html
import html.entities
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from app.classifier.characters.folding import CharacterTable, fold, without_diacritics
from app.classifier.characters.marks import MARKS, with_marks
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
_MAX_COMPOSED = 64
"""Words of more code points are not put into normal form C, which takes quadratic time in a run of marks."""

_PLAIN = CharacterTable(without_diacritics)
_FOLDED = {
    (split_symbols, split_marks): CharacterTable(with_marks(folding) if split_marks else folding)
    for split_symbols, folding in ((False, fold), (True, fold_with_symbols))
    for split_marks in (False, True)
}

# The same for ASCII: bytes.translate is much faster than str.translate. Control characters, which are to be removed,
# become a byte that is not ASCII, so that a text with any of them is folded by the other table. Each is without
# and with marks.
_ASCII_TABLE = bytes(ord(fold(chr(code)) or "\x80") for code in range(128)) + bytes(128)
_ASCII_TABLES = (_ASCII_TABLE, bytes(code if chr(code) in MARKS else to for code, to in enumerate(_ASCII_TABLE)))
_ASCII_WORDS = (re.compile("[^ ]+"), re.compile("[^ ?!]+|[?!]"))


class Word(NamedTuple):
    """A lower-case word and its position: `text[start:end]` of the original text, in code points."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Splits texts into lower-case words. Punctuation splits words (`U.S.` is two), apostrophes do not.

    HTML character references are decoded, compatibility forms and case are folded, invisible characters are removed,
    and what is not a letter, mark, digit or apostrophe separates words. Quotes at the edges of a word and diacritics
    stay: the encoder drops them if it does not know the word with them.
    """

    references: CharacterReferences = "html"
    split_unspaced: bool = False
    """Whether characters of scripts that are written without spaces, such as Chinese and Thai, are words."""
    split_symbols: bool = False
    """Whether symbols, such as emoji, are words; otherwise they separate words."""
    split_marks: bool = False
    """Whether question and exclamation marks are words; otherwise they separate words."""

    def tokenize(self, text: str) -> list[str]:
        """The words of a text, in order."""
        if "&" in text:
            text = _REFERENCE.sub(self._decode, text)
        if (ascii_text := self._fold_ascii(text)) is not None:
            return _ASCII_WORDS[True].findall(ascii_text) if self.split_marks else ascii_text.split()
        folded = text.translate(_FOLDED[self.split_symbols, self.split_marks])
        words = self._split(folded)
        # Any part of a text in normal form C is in it, too. Linear time: the check ends at marks in the wrong order.
        if unicodedata.is_normalized("NFC", folded):
            return words
        return [word if word.isascii() else _compose(word) for word in words]

    def locate(self, text: str) -> Iterator[Word]:
        """The words of `tokenize`, each with its position in the text."""
        if "&" not in text and (ascii_text := self._fold_ascii(text)) is not None:
            yield from (Word(match[0], *match.span()) for match in _ASCII_WORDS[self.split_marks].finditer(ascii_text))
            return
        characters, starts, ends = self._decoded(text)
        table = _FOLDED[self.split_symbols, self.split_marks]
        folded = [table[ord(character)] for character in characters]
        # Of each letter of the words: index of the character that was folded to it.
        places = [place for place, letters in enumerate(folded) for _ in letters.strip()]
        places.append(len(characters))
        at = 0
        for word in self._split("".join(folded)):
            first, last, after = places[at], places[at + len(word) - 1], places[at + len(word)]
            # Of several letters that one character was folded to, the others are empty at its end.
            start = ends[first] if at and places[at - 1] == first else starts[first]
            if self.split_symbols or self.split_marks:
                # Invisible characters and skin tones belong to the emoji before them, and would look different alone.
                # Two marks in one character, such as \u203c, can be an emoji, too.
                while last + 1 < after and not folded[last + 1]:
                    last += 1
            yield Word(_compose(word), start, ends[last])
            at += len(word)

    def _fold_ascii(self, text: str) -> str | None:
        """Each character becomes one; None if the text is not ASCII, or has characters that are removed."""
        if not text.isascii():  # an exception would take 0.7 us
            return None
        try:
            return text.encode("ascii").translate(_ASCII_TABLES[self.split_marks]).decode("ascii")
        except UnicodeDecodeError:
            return None

    def _split(self, folded: str) -> list[str]:
        joined = join_flags(folded) if self.split_symbols else folded
        return (space_out(joined) if self.split_unspaced else joined).split()

    def _decoded(self, text: str) -> tuple[str, Sequence[int], Sequence[int]]:
        """A text with decoded references, and the start and end in the text of what each character was made of."""
        position, parts = 0, []
        starts: list[int] = []
        ends: list[int] = []
        for match in _REFERENCE.finditer(text):
            decoded = self._decode(match)
            if decoded == match[0]:
                continue
            start, end = match.span()
            parts += [text[position:start], decoded]
            starts += [*range(position, start), *[start] * len(decoded)]
            ends += [*range(position + 1, start + 1), *[end] * len(decoded)]
            position = end
        starts += range(position, len(text))
        ends += range(position + 1, len(text) + 1)
        return "".join([*parts, text[position:]]), starts, ends

    def _decode(self, match: re.Match[str]) -> str:
        decoded = character_reference(match[1], self.references)
        return match[0] if decoded is None else decoded


tokenize = Tokenizer().tokenize
"""The words of a text as with the default options, which the models of Reuters wires have."""


def unquoted(words: Iterable[str]) -> tuple[str, ...]:
    """Words of `tokenize` without quotes at their edges, as training counts them and a vocabulary has them."""
    return tuple(bare for word in words if (bare := word.strip("'")))


def plain(word: str) -> str:
    """A word of `tokenize` without diacritics."""
    return word.translate(_PLAIN)


def character_reference(name: str, references: CharacterReferences) -> str | None:
    """The characters of the reference `&name;`; None if there is no such name or it is not to be decoded."""
    # html.unescape alone would also decode the beginning of a name: `&notes;` to a sign and `es;`.
    decoded = html.unescape(f"&{name};") if name[0] == "#" else html.entities.html5.get(f"{name};")
    return None if references == "keras" and (not decoded or name in ("lt", "amp")) else decoded


def _compose(word: str) -> str:
    return unicodedata.normalize("NFC", word) if len(word) <= _MAX_COMPOSED else word
