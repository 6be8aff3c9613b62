"""Route template of a request that was refused before the router reached a route; extra trailing slashes."""

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope

OTHER_ROUTE = "other"
"""Stands for all paths without a route, so that callers cannot create labels of metrics."""


def route_template(scope: Scope, path: str, status: int) -> str:
    """The template, such as `/v2/models/{name}/infer`, even if only the method differs; `other` if no route matches.

    `path`: without the root path. `status`: only a refusal is searched for, and after 404 the router has already found
    no route.
    """
    answered: str | None = getattr(scope.get("route"), "path", None)
    if answered is not None or status < 400 or status == 404:
        return answered or OTHER_ROUTE
    if path.endswith("\n"):  # Starlette's patterns end in `$`, which also matches before a line feed
        return OTHER_ROUTE
    return _matched(scope, path) or OTHER_ROUTE


def has_extra_trailing_slash(scope: Scope, path: str) -> bool:
    """Whether no route matches the path, but one matches without its trailing slash."""
    return path.endswith("/") and _matched(scope, path) is None and _matched(scope, path[:-1]) is not None


def _matched(scope: Scope, path: str) -> str | None:
    # A mount that was tried has added its own path to the root path, so POST /page/topics would match /topics.
    scope = {**scope, "root_path": "", "path": path}
    for route in iter_route_contexts(scope["app"].router.routes):
        if route.matches(scope)[0] is not Match.NONE:
            return route.path
    return None
