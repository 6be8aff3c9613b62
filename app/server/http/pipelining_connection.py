"""Pipelined requests of one connection: each is parsed after the answer to the one before."""

from app.server.http.connections import FREE_BYTES
from app.server.http.parsing_connection import ParsingConnection
from app.server.http.unparsed_bytes import HEAD_END, MAX_PIECE, UnparsedBytes


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
        elif data.count(HEAD_END) > 1 or (len(data) > MAX_PIECE and not self._missing()):
            self._unparsed = UnparsedBytes(data)
            self._parse_next()
        else:
            self._parse(data)

    def _parse_next(self) -> None:
        """Parse one request, or MAX_PIECE of it; the next one has to wait until this one is answered."""
        self._ended, self._parsing = False, True
        read = 0
        while (unparsed := self._unparsed) and not self._ended and read < MAX_PIECE:
            missing = self._missing()
            piece = unparsed.take(missing)
            read += 0 if missing else len(piece)
            self._parse(piece)
        if self._unparsed and not self._ended:
            self.flow.hold()
            self.loop.call_soon(self._parse_next)  # others have their turn
            return
        self._parsing = False
        if not self._unparsed:
            self._unparsed = None
            self.flow.release()
            if not self._in_body() or not self.cycle.body:  # else the application asks for more when it has taken that
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

    def _missing(self) -> int:
        """Bytes that the current request's body still lacks; 0 if its length is unknown, or its head is incomplete."""
        if not self._in_body():
            return 0
        return next(
            (int(value) - self._body_bytes for name, value in self.scope["headers"] if name == b"content-length"), 0
        )
