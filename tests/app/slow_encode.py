"""A classifier that takes long to encode texts, so that a batch is still being classified when something happens."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.classifier.classifier import TopicClassifier


@contextmanager
def slow_encode(classifier: TopicClassifier) -> Iterator[list[int]]:
    """Let `encode` take 50 ms more for each part of a batch; yields the numbers of texts of the parts begun."""
    parts: list[int] = []
    encode = classifier.encode

    def slowly(texts: Sequence[str]) -> object:
        parts.append(len(texts))
        time.sleep(0.05)
        return encode(texts)

    classifier.encode = slowly
    try:
        yield parts
    finally:
        classifier.encode = encode
