"""Listening sockets: one per worker and address of the host, on a port that no other service can share."""

import errno
import logging
import socket
import sys
from collections.abc import Sequence
from itertools import chain

BACKLOG = 2048
"""Maximum number of connections that wait in the kernel to be accepted; Linux limits it to net.core.somaxconn."""

logger = logging.getLogger(__name__)


class ListenError(Exception):
    """The service cannot listen on an address; the message has the address and the reason."""


def listeners(host: str, port: int, workers: int = 1) -> list[list[socket.socket]]:
    """Listening sockets, by worker and address of `host`; they behave the same for any number of workers.

    `::` accepts IPv4 connections too, and means `0.0.0.0` if the kernel has no IPv6. Linux distributes new connections
    among the workers' sockets by a hash of the client's address (SO_REUSEPORT, socket(7)). With one socket for all
    workers, up to 64 of 64 simultaneous clients were accepted by the worker that happened to run. On other systems,
    which do not distribute connections, all workers share one socket.

    Raises:
        ListenError: the host is unknown, or the address is in use or not permitted.
    """
    opened: list[list[socket.socket]] = []
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(addresses):
            at = (address[0], opened[0][0].getsockname()[1] if opened else port, *address[2:])
            opened.append([])  # so that opened sockets are closed below if the next one fails
            for _ in range(workers if sys.platform == "linux" else 1):
                opened[-1].append(_listen(family, at, opened[-1]))
    except (OSError, UnicodeError) as error:
        for listener in chain.from_iterable(opened):
            listener.close()
        if host == "::" and isinstance(error, OSError) and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
            return listeners("0.0.0.0", port, workers)  # noqa: S104 - the user requested all addresses
        reason = getattr(error, "strerror", None) or error
        hint = ""
        if isinstance(error, socket.gaierror) and not set("[]/:").isdisjoint(host):
            hint = "; --host is an address or a name without brackets, scheme or port, such as ::1"
        raise ListenError(f"--host {host} --port {port}: cannot listen ({reason}){hint}.") from error
    return [list(listeners) for listeners in zip(*opened, strict=True)]


def announce(sockets: Sequence[socket.socket]) -> None:
    """Log the addresses of the service, once it accepts connections."""
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        logger.info("running on http://%s:%d (Press CTRL+C to quit)", f"[{host}]" if ":" in host else host, port)


def _listen(family: int, address: tuple[object, ...], beside: Sequence[socket.socket]) -> socket.socket:
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if beside:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            beside[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            address = beside[0].getsockname()
        listener.bind(address)
        # The first socket listens before SO_REUSEPORT is set. If it were bound with the option, or bound and not yet
        # listening, a second service that starts at the same moment could share the port.
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
