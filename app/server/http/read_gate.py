"""Read gate: pauses reading from a connection until all received bytes are parsed."""

import asyncio


class ReadGate:
    """The transport that uvicorn's FlowControl uses, with additional `shut` and `open`.

    uvicorn lacks: reading resumes whenever an application waits for its client to disconnect, so pipelined requests
    are read without a limit. Delete when: uvicorn parses one pipelined request at a time.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._shut = self._paused = False

    def pause_reading(self) -> None:
        """Called by FlowControl: stop reading."""
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Called by FlowControl: resume reading, or if the gate is shut, as soon as it is opened."""
        self._paused = False
        if not self._shut:
            self._transport.resume_reading()

    def shut(self) -> None:
        """Stop reading until `open`, independent of FlowControl."""
        self._shut = True
        self._transport.pause_reading()

    def open(self) -> None:
        """Resume reading, unless FlowControl has paused it too."""
        if self._shut:
            self._shut = False
            if not self._paused:
                self._transport.resume_reading()
