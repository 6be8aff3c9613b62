"""Problems as an HTML page, for people who open an address in a browser."""

import json
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from app.web.headers import HEADERS

MAX_DEPTH = 64
"""Maximum number of levels that links go up, so that a path of slashes does not make a long page."""

MAX_ACCEPT = 1_000
"""Maximum number of characters of Accept that are read: 64 KiB of commas would take 30 ms. Browsers send about 100."""


def for_browsers(problem: Response, scope: Scope) -> Response:
    """The problem as a page if the request is a GET that prefers HTML to JSON, as browsers do; otherwise unchanged."""
    if scope["method"] not in ("GET", "HEAD"):
        return problem
    problem.headers.add_vary_header("Accept")
    if not prefers_html(",".join(Headers(scope=scope).getlist("accept"))[:MAX_ACCEPT]):
        return problem
    fields = json.loads(bytes(problem.body))
    texts = {name: escape(str(fields[name])) for name in ("status", "title", "detail", "request_id")}
    kept = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    html = _template().substitute(texts, root=_to_root(scope))
    return HTMLResponse(html, problem.status_code, {name.lower(): value for name, value in HEADERS.items()} | kept)


def prefers_html(accept: str) -> bool:
    """Whether an Accept header names HTML, and no JSON with at least the same quality."""
    html = json_quality = 0.0
    for item in accept.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        try:
            quality = next((float(parameter[2:]) for parameter in parameters if parameter.startswith("q=")), 1.0)
        except ValueError:
            continue
        if media == "text/html":
            html = max(html, quality)
        elif media.startswith("application/") and media.endswith("json"):
            json_quality = max(json_quality, quality)
    return html > json_quality


def _to_root(scope: Scope) -> str:
    """Relative URL of the page at `/`: the path prefix of a proxy may be unknown here."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    prefix = scope.get("app_root_path", scope.get("root_path", ""))  # a mount adds its own path to root_path
    above = prefix.count("/") if scope["path"].startswith(prefix) else 0
    return "../" * min(raw.count(b"/") - 1 - above, MAX_DEPTH) or "./"


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("problem.html").read_text("utf-8"))
