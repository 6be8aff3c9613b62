"""Per-request deadline."""

import time

from app.errors import DeadlineError


class Deadline:
    """A point in time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self._at - time.monotonic()

    def raise_if_expired(self) -> None:
        """Raises DeadlineError when it has passed."""
        if self.left() < 0:
            raise self.error()

    def error(self) -> DeadlineError:
        """What to say then."""
        return DeadlineError(f"The answer was not ready within {self.seconds:g} seconds; send less at once.")
