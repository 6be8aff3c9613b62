"""uvicorn's server on sockets that listen already, its own and those of other workers."""

import socket
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

import uvicorn

from app.server.acceptor import Acceptor
from app.server.http.protocol import Protocol

PATIENCE_SECONDS = 0.01
"""How long another worker may leave a connection waiting: one that has died, hangs or cannot start takes none."""


class Server(uvicorn.Server):
    """Takes connections once uvicorn has loaded the app."""

    def __init__(
        self,
        config: uvicorn.Config,
        own: Sequence[socket.socket],
        others: Sequence[socket.socket] = (),
        started: Callable[[], object] = lambda: None,
    ) -> None:
        """`others`: sockets of other workers, whose waiting connections are taken after PATIENCE_SECONDS."""
        super().__init__(config)
        self._own, self._others, self._started = own, others, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn; exits if the app cannot start."""
        await super().startup(sockets=[])  # no asyncio servers: Acceptors instead
        make = partial(Protocol, self.config, self.server_state, self.lifespan.state)
        acceptors = [Acceptor(one, make) for one in self._own]
        acceptors += [Acceptor(one, make, PATIENCE_SECONDS) for one in self._others]
        self.servers = acceptors  # type: ignore[assignment] # uvicorn closes them, and waits until they are closed
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn, which then asks the connections that are open to end."""
        for acceptor in self.servers:
            acceptor.close()
            await acceptor.wait_closed()
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()  # uvicorn leaves it out then, and a traceback says so

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on SIGTERM and SIGINT; uvicorn heeds only a second SIGINT."""
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)
