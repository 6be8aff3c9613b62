"""What is written down of an answered request."""

from collections.abc import Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """One request."""

    request_id: str
    route: str
    method: str
    status: int
    seconds: float
    """From first byte to answer."""
    headlines: Sequence[str]
    """What it wanted classified; empty where it got no further than being refused."""
    inference: float | None
    """Seconds in the classifier; None unless everything was classified."""
