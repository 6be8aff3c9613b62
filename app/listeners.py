"""The sockets of several workers: one each, at one address."""

import socket
import sys

from uvicorn import Config


def listeners(config: Config) -> list[socket.socket]:
    """A bound socket for each worker, none of them listening yet; exits where the address cannot be had.

    Linux deals new connections among those of them that listen, by a hash of the client's address
    (SO_REUSEPORT, socket(7)). With one socket for all, up to 64 of 64 clients that came together stayed with the worker
    that happened to run. Other systems do not deal: there all workers share one.
    """
    first = config.bind_socket()  # without the option: an address that is in use is not to be shared
    if sys.platform != "linux":
        return [first]
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return [first, *(_beside(first) for _ in range(config.workers - 1))]


def _beside(first: socket.socket) -> socket.socket:
    another = socket.socket(first.family)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        another.setsockopt(socket.SOL_SOCKET, option, 1)
    another.bind(first.getsockname())
    return another
