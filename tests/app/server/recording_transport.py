"""A transport that keeps what is written, for tests that drive the protocol without a socket."""

import asyncio
from collections.abc import Iterable
from typing import Any


class RecordingTransport(asyncio.Transport):
    """Accepts everything and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        """The bytes of each call of `write` or `writelines`."""

    def write(self, data: Any) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.calls.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass
