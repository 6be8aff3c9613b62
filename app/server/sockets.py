"""Listening sockets: one for each worker at each address of the host, at a port that no other service shares."""

import errno
import logging
import socket
import sys
from collections.abc import Sequence
from itertools import chain

BACKLOG = 2048

logger = logging.getLogger(__name__)


class ListenError(Exception):
    """An address cannot be listened on; the message says which, and why."""


def listeners(host: str, port: int, workers: int = 1) -> list[list[socket.socket]]:
    """For each worker a listening socket at each address of `host`, the same behaviour for any number of workers.

    `::` takes IPv4 connections as well, and means `0.0.0.0` where the kernel has no IPv6. Linux deals new connections
    among the workers' sockets by a hash of the client's address (SO_REUSEPORT, socket(7)). With one socket for all,
    up to 64 of 64 clients that came together stayed with the worker that happened to run. Other systems do not deal:
    there all workers share one.

    Raises:
        ListenError: the host is unknown, or the address in use or not permitted.
    """
    opened: list[list[socket.socket]] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            at = (address[0], opened[0][0].getsockname()[1] if opened else port, *address[2:])
            opened.append([])  # so that what is open is closed below if the next fails
            for _ in range(workers if sys.platform == "linux" else 1):
                opened[-1].append(_listen(family, at, opened[-1]))
    except (OSError, UnicodeError) as error:
        for one in chain.from_iterable(opened):
            one.close()
        if host == "::" and isinstance(error, OSError) and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
            return listeners("0.0.0.0", port, workers)  # noqa: S104 - all addresses were asked for
        reason = getattr(error, "strerror", None) or error
        raise ListenError(f"--host {host} --port {port}: cannot be listened on ({reason}).") from error
    return [list(one) for one in zip(*opened, strict=True)]


def announce(sockets: Sequence[socket.socket]) -> None:
    """Log where the service answers, which it does by now."""
    for one in sockets:
        host, port = one.getsockname()[:2]
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
        # The first socket listens before it gets SO_REUSEPORT. Bound with the option, or bound and not listening yet,
        # it would let a second service that starts at the same moment share the port.
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
