"""Pipelined requests of one connection: each is parsed after the answer to the one before."""

from app.server.http.connections import FREE_BYTES
from app.server.http.parsing_connection import ParsingConnection
from app.server.http.unparsed_bytes import HEAD_END, UnparsedBytes


class PipeliningConnection(ParsingConnection):
    """Decides which of the bytes received are parsed now.

    Override: `data_received`. uvicorn lacks: a limit on pipelined requests. It makes objects of everything that it has
    read, up to 256 KiB, and they take up a hundred times that size. Delete when: uvicorn parses one request at a time.
    """

    _parsing = False
    """Whether pipelined bytes are being parsed, or are about to be."""

    def data_received(self, data: bytes) -> None:
        """Override: uvicorn parses everything at once, without counting it."""
        if self._error is not None or self._hung_up:
            return
        self._received += len(data)
        if self._received > FREE_BYTES and not self._hold():
            return
        if self._unparsed is not None:
            self._unparsed.add(data)
        elif data.count(HEAD_END) > 1:  # several requests
            self._unparsed = UnparsedBytes(data)
            self._parse_next()
        else:
            self._parse(data)

    def _parse_next(self) -> None:
        """Parse one pipelined request; the next one has to wait until this one is answered."""
        self._ended, self._parsing = False, True
        while (unparsed := self._unparsed) and not self._ended:
            length = self._body_length() if self._in_body() else 0
            self._parse(unparsed.take(length - self._body_bytes if length else 0))
        self._parsing = False
        if not self._unparsed:
            self._unparsed = None
            self.flow.release()
            if not self._in_body():  # whose next bytes the application asks for
                self.flow.resume_reading()
        elif self.cycle.response_complete:
            self._parse_soon()
        else:
            self.flow.hold()

    def _parse_soon(self) -> None:
        self._deadline.at = None
        self.flow.hold()
        self._parsing = True
        self.loop.call_soon(self._parse_next)

    def _body_length(self) -> int:
        return next((int(value) for name, value in self.scope["headers"] if name == b"content-length"), 0)
