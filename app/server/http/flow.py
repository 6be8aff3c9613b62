"""Flow control that can stop reading until everything read so far is parsed."""

from uvicorn.protocols.http.flow_control import FlowControl


class HoldableFlow(FlowControl):
    """uvicorn's flow control, plus `hold`.

    Override: `FlowControl.resume_reading`.
    uvicorn lacks: reading resumes whenever an application waits for its client to disconnect, so pipelined requests
    are read without a limit. Delete when: uvicorn parses one pipelined request at a time.
    """

    held = False
    """Whether reading stays paused, even if an application asks for more."""

    def resume_reading(self) -> None:
        """Read on, unless held."""
        if self.read_paused and not self.held:
            super().resume_reading()

    def hold(self) -> None:
        """Stop reading until `release`."""
        self.held = True
        self.pause_reading()

    def release(self) -> None:
        """Let reading resume; it does not resume by itself."""
        self.held = False
