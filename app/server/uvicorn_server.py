"""uvicorn's server on sockets that are already listening: its own and those of other workers.

`tests/app/server/test_uvicorn_contract.py` lists every undocumented part of uvicorn that it uses.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

import uvicorn

from app.server.acceptor import Acceptor
from app.server.http.connections import with_connections
from app.server.http.protocol import HttpProtocol
from app.settings import NO_TLS, SettingsError

PATIENCE_SECONDS = 0.01
"""Time after which a connection that another worker (dead, hanging or starting) has not accepted is accepted here."""


class Server(uvicorn.Server):
    """Accepts connections once uvicorn has loaded the app."""

    def __init__(
        self,
        config: uvicorn.Config,
        own: Sequence[socket.socket],
        others: Sequence[socket.socket] = (),
        started: Callable[[], object] = lambda: None,
    ) -> None:
        """`others`: sockets of other workers, whose waiting connections are accepted after PATIENCE_SECONDS.

        Raises:
            SettingsError: `config` has a certificate, which `Acceptor` would ignore.
        """
        if config.is_ssl:
            raise SettingsError(f"uvicorn's ssl_* options: this server has no TLS; {NO_TLS}.")
        super().__init__(config)
        self._own, self._others, self._started = own, others, started

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal to stop.

        uvicorn lacks: it sets its signal handlers only in its loop, which may ignore the exception of an earlier
        handler. Effect: SIGTERM always ends a service that is starting. Delete when: uvicorn sets its handlers before
        it makes the loop.
        """
        with self.capture_signals(), asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._serve(sockets))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn; exits if the app cannot start.

        uvicorn lacks: libuv accepts one connection per iteration of the loop, and only from the worker's own sockets.
        Effect: the last of 64 clients that connect together waits 25 to 50 ms instead of 165 to 550 (decision 14), and
        no connection waits for a worker that hangs (decision 15). Delete when: uvloop accepts more than one connection
        per turn, and a hanging worker no longer matters because each pod has one worker.
        """
        await super().startup(sockets=[])  # no asyncio servers: Acceptors instead
        make = partial(HttpProtocol, self.config, self.server_state, with_connections(self.lifespan.state))
        acceptors = [Acceptor(own, make) for own in self._own]
        acceptors += [Acceptor(other, make, PATIENCE_SECONDS) for other in self._others]
        self.servers = acceptors  # type: ignore[assignment] # uvicorn closes them, and waits until they are closed
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn, which then ends the open connections.

        uvicorn lacks: it closes its sockets with connections waiting there, which are reset (up to 16 of 64 clients,
        decision 14), and after a second signal it leaves out the end of the lifespan, with a traceback. Delete when:
        asyncio's `Server.close` accepts what is waiting first.
        """
        for acceptor in self.servers:
            acceptor.close()
            await acceptor.wait_closed()
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on SIGTERM and SIGINT.

        uvicorn lacks: a second SIGTERM does not stop waiting for clients, only a second SIGINT does
        (https://github.com/Kludex/uvicorn/pull/280). Effect: systemd and Docker can hurry the end of the process.
        Delete when: uvicorn treats both signals alike.
        """
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)
