"""Cuts many headlines into requests that the service accepts."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import NamedTuple

from topics_client.arguments import headline, text_fault

MAX_HEADLINES = 1_000
"""The service's default limit; where an operator set a lower one, the client sends less at once."""

MAX_BYTES = 4 * 1024 * 1024
"""Half of the service's default limit of a body: JSON may write a character longer than UTF-8 does."""


class Item(NamedTuple):
    """One headline of a batch."""

    place: int
    """Place among all headlines that were passed, from 0."""
    text: str
    fault: str | None = None
    """Why it is refused without asking the service."""


class Cutter:
    """Collects headlines until they fill a request."""

    def __init__(self, size: int, skip: bool) -> None:
        """`size`: headlines a request; `skip`: mark what is no text instead of raising."""
        self._size = min(size, MAX_HEADLINES)
        self._skip = skip
        self._index = 0
        self._bytes = 0
        self._part: list[Item] = []

    def add(self, value: object) -> Iterator[list[Item]]:
        """Take one more; yields the parts that it makes complete: at most two.

        Raises:
            TypeError: it is no str, and is not skipped.
            ValueError: it has half of a surrogate pair, and is not skipped.
        """
        item = self._item(value)
        length = 0 if item.fault else len(item.text.encode())
        if self._part and self._bytes + length > MAX_BYTES:
            yield from self.rest()
        self._part.append(item)
        self._bytes += length
        if len(self._part) == self._size:
            yield from self.rest()

    def rest(self) -> Iterator[list[Item]]:
        """The part that is not full."""
        part, self._part, self._bytes = self._part, [], 0
        if part:
            yield part

    def _item(self, value: object) -> Item:
        index, self._index = self._index, self._index + 1
        if not self._skip:
            return Item(index, headline(value, f"headlines[{index}]"))
        fault = "is empty" if isinstance(value, str) and not value else text_fault(value)
        return Item(index, "" if fault else headline(value), fault)


def cut(headlines: Iterable[object], size: int = MAX_HEADLINES, skip: bool = False) -> Iterator[list[Item]]:
    """Parts in order, each as large as one request may be; a text too large for any goes alone."""
    cutter = Cutter(size, skip)
    for one in headlines:
        yield from cutter.add(one)
    yield from cutter.rest()


async def acut(
    headlines: AsyncIterable[object], size: int = MAX_HEADLINES, skip: bool = False
) -> AsyncIterator[list[Item]]:
    """The same from an asynchronous iterable."""
    cutter = Cutter(size, skip)
    async for one in headlines:
        for part in cutter.add(one):
            yield part
    for part in cutter.rest():
        yield part
