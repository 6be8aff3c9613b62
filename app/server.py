"""uvicorn's server, with an Acceptor for its own connections, and for those that other workers leave waiting."""

import socket
from functools import partial

import uvicorn

from app.acceptor import Acceptor
from app.protocol import Protocol

PATIENCE_SECONDS = 0.01
"""How long another worker may leave a connection waiting: one that has died, hangs or cannot start takes none."""


class Server(uvicorn.Server):
    """Takes connections once uvicorn has loaded the app, listens, and has said so."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn, in a worker with its own socket before the others'; exits if the app cannot start."""
        own, others = (sockets[:1], sockets[1:]) if sockets else (None, [])
        await super().startup(own)
        make = partial(Protocol, self.config, self.server_state, self.lifespan.state)
        acceptors = []
        for server in self.servers:
            acceptors += [Acceptor(listener.dup(), make) for listener in server.sockets]
            server.close()
        for socket_ in own or []:
            socket_.close()  # or connections would be let in until uvicorn closes it, when nobody takes them any more
        acceptors += [Acceptor(listener, make, PATIENCE_SECONDS) for listener in others]
        self.servers = acceptors  # type: ignore[assignment] # uvicorn closes them, and waits until they are closed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn, which tells those connections to end that are open then."""
        for acceptor in self.servers:
            acceptor.close()
            await acceptor.wait_closed()
        await super().shutdown(sockets)
