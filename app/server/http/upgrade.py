"""Parser for the body of a request that asks for a protocol upgrade, which is answered over HTTP/1.1."""

from typing import Any

from httptools import HttpRequestParser


class _Rest:
    """Callbacks of a parser to which a head is fed again: that head is ignored, everything else is passed on."""

    def __init__(self, protocol: Any) -> None:  # noqa: ANN401 - uvicorn's protocol, whose callbacks httptools calls
        self._protocol = protocol
        self._passing = False
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if self._passing:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._passing:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._passing:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._passing:
            self._protocol.on_headers_complete()
        self._passing = True


def parser_after_upgrade(protocol: Any, headers: list[tuple[bytes, bytes]]) -> tuple[HttpRequestParser, bytes]:  # noqa: ANN401
    """A parser for a request's body and the following bytes, and the head that has to be fed to it first.

    Java's HttpClient requests an upgrade to h2c in its first request, as curl --http2; RFC 9110 lets a server ignore
    it. httptools ends such a request after its head, so uvicorn loses the body. Delete this module when
    https://github.com/Kludex/uvicorn/issues/2722 or https://github.com/MagicStack/httptools/issues/124 is fixed.
    """
    parser = HttpRequestParser(_Rest(protocol))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as in uvicorn
    framing = [header for header in headers if header[0] in (b"content-length", b"transfer-encoding")]
    return parser, b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % header for header in framing)
