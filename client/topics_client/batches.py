"""Splits many headlines into requests that the service accepts."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from typing import NamedTuple

from topics_client.arguments import headline, text_fault

MAX_HEADLINES = 1_000
"""The service's default limit per request; if an operator set a lower one, the client sends smaller requests."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes: half of the service's default limit for a body, because JSON escapes make a text longer than its UTF-8."""


class Item(NamedTuple):
    """One headline of a batch."""

    place: int
    """Index among all headlines passed to the client, from 0."""
    text: str
    fault: str | None = None
    """Why the headline is refused without being sent."""


class BatchSplitter:
    """Collects headlines until they fill a request."""

    def __init__(self, size: int, skip: bool) -> None:
        """Set the limits.

        Args:
            size: maximum number of headlines per request.
            skip: mark values that cannot be sent, instead of raising.
        """
        self._size = min(size, MAX_HEADLINES)
        self._skip = skip
        self._index = 0
        self._bytes = 0
        self._part: list[Item] = []

    def add(self, value: object) -> Iterator[list[Item]]:
        """Add one headline; yields the parts that are now complete, at most two.

        Raises:
            TypeError: the value is not a str, and `skip` is not set.
            ValueError: the value has a lone surrogate, and `skip` is not set.
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
        """Yield the last part, if it has any headlines."""
        part, self._part, self._bytes = self._part, [], 0
        if part:
            yield part

    def _item(self, value: object) -> Item:
        index, self._index = self._index, self._index + 1
        if not self._skip:
            return Item(index, headline(value, f"headlines[{index}]"))
        fault = "is empty" if isinstance(value, str) and not value else text_fault(value)
        return Item(index, "" if fault else headline(value), fault)


def split(headlines: Iterable[object], size: int = MAX_HEADLINES, skip: bool = False) -> Iterator[list[Item]]:
    """Yield parts in order, each as large as a request may be; a text that exceeds the limit alone is its own part."""
    splitter = BatchSplitter(size, skip)
    for text in headlines:
        yield from splitter.add(text)
    yield from splitter.rest()


async def split_async(
    headlines: AsyncIterable[object], size: int = MAX_HEADLINES, skip: bool = False
) -> AsyncGenerator[list[Item], None]:
    """`split` for an asynchronous iterable."""
    splitter = BatchSplitter(size, skip)
    async for text in headlines:
        for part in splitter.add(text):
            yield part
    for part in splitter.rest():
        yield part
