"""Authentication by route: a request without a key can only reach the public routes."""

from collections.abc import Callable, Iterable

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.errors import UnauthorizedError

Authenticate = Callable[[Iterable[tuple[bytes, bytes]]], None]
"""Raises UnauthorizedError unless one of the headers holds a key."""

_ERROR = "unauthorized"


def authentication_off(_: Iterable[tuple[bytes, bytes]]) -> None:
    """Used when no API keys are set: every request passes."""


class Authentication:
    """Stands in front of the app's router, which it asks only for requests with a key.

    All others go to a router that has nothing but the public routes. No path is compared here, so there is no spelling
    of a path that this class and the router could read differently, and a route that is added later needs a key.
    """

    def __init__(self, router: APIRouter, public: APIRouter, authenticate: Authenticate) -> None:
        """Takes its place in `router`; `public`: the routes that need no key, all of which `router` includes."""
        self._router = router
        self._public = public
        self._authenticate = authenticate
        self._everything = router.middleware_stack
        router.middleware_stack = self
        public.default = self._refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request; raises UnauthorizedError if it needs a key and has none."""
        app = self._everything
        if scope["type"] != "lifespan":
            try:
                self._authenticate(scope["headers"])
            except UnauthorizedError as error:
                scope[_ERROR] = error
                app = self._public
        await app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called where no public route matches. Only the wording depends on what the other routes are."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if any(route.matches(scope)[0] is not Match.NONE for route in self._router.routes):
            error: UnauthorizedError = scope[_ERROR]
            raise error
        raise HTTPException(404)
