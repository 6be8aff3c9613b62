"""Cutting many headlines into requests that the service takes."""

from collections.abc import Iterable, Iterator

MAX_HEADLINES = 1_000
"""The service's own default limit; where an operator set a lower one, the client halves what was refused."""

MAX_BYTES = 4 * 1024 * 1024
"""Half of the service's default limit of a body: JSON may write a character longer than UTF-8 does."""


def cut(headlines: Iterable[str]) -> Iterator[list[str]]:
    """Parts in order, each as large as one request may be; what does not fit in any goes alone."""
    part: list[str] = []
    size = 0
    for headline in headlines:
        length = len(headline.encode("utf-8", "surrogatepass"))
        if part and (len(part) == MAX_HEADLINES or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(headline)
        size += length
    if part:
        yield part
