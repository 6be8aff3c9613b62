"""`python -m tests.operation.impatient serve`: the service with a short watchdog, and a headline that hangs it."""

import time
from collections.abc import Sequence

from app.__main__ import main
from app.classifier import TopicClassifier
from app.classifier.encoding import Encoded
from app.serving import watchdog

HANG = "hang"

watchdog.HANG_SECONDS = 3
_encode = TopicClassifier.encode


def _encode_or_hang(self: TopicClassifier, texts: Sequence[str]) -> list[Encoded]:
    if HANG in texts:
        time.sleep(3600)
    return _encode(self, texts)


TopicClassifier.encode = _encode_or_hang  # type: ignore[method-assign]

if __name__ == "__main__":  # a worker imports this module too, and must not start a server
    main(prog_name="impatient")
