"""An ASGI application that does with each request what its path says: /SCRIPT/NAME."""

from asyncio import Future
from collections import Counter, deque
from typing import Any

from starlette.types import Receive, Scope, Send

from app.errors import ApiError
from tests.app.server.http.states.virtual_loop import VirtualLoop


class ScriptedError(Exception):
    """An error that the application does not handle."""


class ScriptedApp:
    """`calls` counts the requests by name; late answers wait in `waiting` until `go_on`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.calls: Counter[str] = Counter()
        self.waiting: deque[Future[None]] = deque()

    def go_on(self) -> None:
        while self.waiting:
            if not (first := self.waiting.popleft()).done():
                first.set_result(None)
                return

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, script, name = scope["path"].split("/")
        self.calls[name] += 1
        started = False

        async def start(*headers: tuple[bytes, bytes], status: int = 200) -> None:
            nonlocal started
            started = True
            named = [(b"x-name", name.encode()), *headers]
            await send({"type": "http.response.start", "status": status, "headers": named})

        async def answer(body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> None:
            await start((b"content-length", b"%d" % len(body)), *headers, status=status)
            await send({"type": "http.response.body", "body": body})

        try:
            await getattr(self, "_" + script)(name, receive, send, start, answer)
        except ApiError as error:
            if started:
                raise
            await answer(type(error).__name__.encode(), status=499)

    async def _wait(self) -> None:
        self.waiting.append(self._loop.create_future())
        await self.waiting[-1]

    async def _read(self, name: str, receive: Receive, _: Send, __: Any, answer: Any) -> None:
        if (size := await _body_size(receive)) is not None:
            await answer(b"%d %b" % (size, name.encode()))

    async def _early(self, name: str, _: Receive, __: Send, ___: Any, answer: Any) -> None:
        await answer(b"early " + name.encode())

    async def _late(self, *args: Any) -> None:
        await self._wait()
        await self._read(*args)

    async def _late_early(self, *args: Any) -> None:
        await self._wait()
        await self._early(*args)

    async def _late_read(self, name: str, receive: Receive, _: Send, __: Any, answer: Any) -> None:
        if (size := await _body_size(receive)) is not None:
            await self._wait()
            await answer(b"%d %b" % (size, name.encode()))

    async def _disconnect(self, _: str, receive: Receive, *__: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _start_raise(self, _: str, __: Receive, ___: Send, start: Any, ____: Any) -> None:
        await start((b"content-length", b"10"))
        await self._wait()
        raise ScriptedError

    async def _raise(self, *_: Any) -> None:
        raise ScriptedError

    async def _chunked(self, _: str, receive: Receive, send: Send, start: Any, __: Any) -> None:
        await _body_size(receive)
        await start()
        await send({"type": "http.response.body", "body": b"c" * 7, "more_body": True})
        await send({"type": "http.response.body", "body": b"c"})

    async def _large(self, _: str, receive: Receive, send: Send, start: Any, __: Any, late: bool = False) -> None:
        if await _body_size(receive) is None:
            return
        await start((b"content-length", b"9000"))
        for _ in range(9):
            if late:
                await self._wait()
            await send({"type": "http.response.body", "body": b"l" * 1000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _late_pieces(self, *args: Any) -> None:
        await self._large(*args, late=True)

    async def _watch(self, name: str, receive: Receive, _: Send, __: Any, answer: Any) -> None:
        if await _body_size(receive) is None:
            return
        disconnected = self._loop.create_task(receive())
        try:
            await self._wait()
            await answer(b"watch " + name.encode())
        finally:
            disconnected.cancel()

    async def _close(self, name: str, _: Receive, __: Send, ___: Any, answer: Any) -> None:
        await answer(b"close " + name.encode(), (b"connection", b"close"))

    async def _start_read(self, name: str, receive: Receive, send: Send, start: Any, _: Any) -> None:
        await start((b"content-length", b"%d" % len(name)))
        if await _body_size(receive) is not None:
            await send({"type": "http.response.body", "body": name.encode()})

    async def _status_204(self, _: str, __: Receive, send: Send, start: Any, ___: Any) -> None:
        await start(status=204)
        await send({"type": "http.response.body", "body": b""})


async def _body_size(receive: Receive) -> int | None:
    """None: the client has disconnected."""
    size = 0
    while (message := await receive())["type"] != "http.disconnect":
        size += len(message["body"])
        if not message["more_body"]:
            return size
    return None
