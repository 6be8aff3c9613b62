"""Reading on after a request that asks for another protocol, which is answered in HTTP/1.1 all the same."""

from typing import Any

from httptools import HttpRequestParser


class _Rest:
    """Callbacks of a parser that is told a head once more: that head is kept back, all else is passed on."""

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
    """A parser for a request's body and what follows it, and a head that it has to be fed first.

    Java's HttpClient asks for h2c with its first request, curl with --http2; RFC 9110 lets a server ignore that.
    httptools ends such a request with its head, so uvicorn loses the body. This module can go when
    https://github.com/Kludex/uvicorn/issues/2722 or https://github.com/MagicStack/httptools/issues/124 is fixed.
    """
    parser = HttpRequestParser(_Rest(protocol))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
    framing = [one for one in headers if one[0] in (b"content-length", b"transfer-encoding")]
    return parser, b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % one for one in framing)
