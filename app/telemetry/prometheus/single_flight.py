"""Single flight: one computation for all requests that arrive until it is done."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Computes something from the metrics once for all requests that arrive until that is done.

    Computing takes time from the event loop, also in another thread.
    """

    def __init__(self, compute: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """`compute`: returns the result, such as the metrics in the Prometheus text format."""
        self._compute = compute
        self._computing: asyncio.Task[T] | None = None

    async def result(self) -> T:
        """The result, as it is or was when the computation began; raises what `compute` raises."""
        if self._computing is None or self._computing.done():
            self._computing = asyncio.create_task(self._compute())
        return await asyncio.shield(self._computing)
