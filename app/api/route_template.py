"""Route template of a request that was refused before the router reached a route."""

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope

NONE = "other"
"""Stands for all paths without a route, so that callers cannot create labels of metrics."""


def route_template(scope: Scope, status: int) -> str:
    """The template, such as `/v2/models/{name}/infer`, also if only the method differs; `other` if no route matches.

    `status`: only a refusal is searched for, and after 404 the router has already found no route.
    """
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is not None or status < 400 or status == 404:
        return path or NONE
    if scope["path"].endswith("\n"):  # Starlette's patterns end in `$`, which also matches before a line feed
        return NONE
    for route in iter_route_contexts(scope["app"].router.routes):
        if route.matches(scope)[0] is not Match.NONE:
            return route.path or NONE
    return NONE
