"""Authentication by route: a request without a valid API key can reach only the public routes."""

from collections.abc import Callable, Iterable

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.errors import UnauthorizedError

Authenticate = Callable[[Iterable[tuple[bytes, bytes]]], None]
"""Raises UnauthorizedError unless one of the headers holds a valid key."""


class Authentication:
    """Routes requests with a valid key to the app's router, and all others to a router of public routes only.

    It compares no paths itself, so no spelling of a path can be read differently here and in the router. Every route
    that is added later requires a key unless it is added to the public router.
    """

    def __init__(self, router: APIRouter, public: APIRouter, authenticate: Authenticate) -> None:
        """See `require_key`."""
        self._router = router
        self._public = public
        self._authenticate = authenticate
        self._all_routes = router.middleware_stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request; raises UnauthorizedError if it needs a valid key and has none."""
        app = self._all_routes
        if scope["type"] != "lifespan":
            try:
                self._authenticate(scope["headers"])
            except UnauthorizedError:
                app = self._public
        await app(scope, receive, send)

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called if no public route matches: 401 if another route does, else 404."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if all(route.matches(scope)[0] is Match.NONE for route in self._router.routes):
            raise HTTPException(404)
        self._authenticate(scope["headers"])  # raises as it did before, unless the key has become valid since
        await self._all_routes(scope, receive, send)


def require_key(router: APIRouter, public: APIRouter, authenticate: Authenticate) -> None:
    """Install authentication in `router`; `public`: the routes that need no key, also included in `router`."""
    authentication = Authentication(router, public, authenticate)
    router.middleware_stack = authentication
    public.default = authentication.refuse
