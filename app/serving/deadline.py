"""Per-request deadline."""

import time
from dataclasses import dataclass, field

from app.errors import DeadlineError


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many seconds from when it is made."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self.begun + self.seconds - time.monotonic()

    def raise_if_expired(self) -> None:
        """Raises DeadlineError when it has passed."""
        if self.left() < 0:
            raise self.error()

    def error(self) -> DeadlineError:
        """What to say then."""
        return DeadlineError(f"The answer was not ready within {self.seconds:g} seconds; send less at once.")
