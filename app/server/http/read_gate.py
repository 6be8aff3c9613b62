"""Read gate: pauses reading from a connection until all received bytes are parsed."""

import asyncio


class ReadGate:
    """The transport that uvicorn's FlowControl uses, with an additional `hold`.

    uvicorn lacks: reading resumes whenever an application waits for its client to disconnect, so pipelined requests
    are read without a limit. Delete when: uvicorn parses one pipelined request at a time.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = self._paused = False

    def pause_reading(self) -> None:
        """Called by FlowControl: stop reading."""
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Called by FlowControl: resume reading, or if held, as soon as released."""
        self._paused = False
        if not self._held:
            self._transport.resume_reading()

    def hold(self) -> None:
        """Stop reading until `release`, independent of FlowControl."""
        self._held = True
        self._transport.pause_reading()

    def release(self) -> None:
        """Resume reading, unless FlowControl has paused it too."""
        if self._held:
            self._held = False
            if not self._paused:
                self._transport.resume_reading()
