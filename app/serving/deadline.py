"""Per-request deadline."""

import time
from dataclasses import dataclass

from app.errors import DeadlineError


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time limit of `seconds` from `begun`, a time of `time.monotonic()`."""

    seconds: float
    begun: float

    def left(self) -> float:
        """Remaining seconds; negative if the deadline has passed."""
        return self.begun + self.seconds - time.monotonic()

    def raise_if_expired(self) -> None:
        """Raises DeadlineError if the deadline has passed."""
        if self.left() < 0:
            raise self.error()

    def error(self) -> DeadlineError:
        """The error for a passed deadline."""
        return DeadlineError(
            f"The answer was not ready within {self.seconds:g} seconds; send less text, or allow more time."
        )
