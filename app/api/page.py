"""The page for people: `/`, the model card and `/docs`, all out of files that this process has."""

import hashlib
import os
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from app.api.card import card_page, plots
from app.api.service import Service

FOLDER = Path(__file__).parent.parent / "page"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    # Trusted Types: a script that would hand a string to innerHTML fails, so no headline can become markup.
    "Content-Security-Policy": POLICY + "; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # ask each time; the ETag makes the answer a 304
}
# Swagger UI sets innerHTML itself, of what it has sanitised.
DOCS_HEADERS = HEADERS | {"Content-Security-Policy": POLICY}


class PageFiles(StaticFiles):
    """Static files with the page's headers; Starlette gives them their ETags."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


def page_router(service: Service) -> APIRouter:
    """The page; it never asks for a key, the API that it calls does."""
    router = APIRouter(include_in_schema=False)
    files = PageFiles(directory=FOLDER)
    # /docs works without network: the package brings Swagger UI's files, which FastAPI would load from a CDN.
    router.routes.append(Mount("/page/swagger", PageFiles(packages=[("fastapi_offline", "static")])))
    router.routes.append(Mount("/page", PageFiles(directory=FOLDER / "static")))

    @router.api_route("/", methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def docs(request: Request) -> Response:
        response = await files.get_response("docs.html", request.scope)
        response.headers.update(DOCS_HEADERS)
        return response

    @cache
    def card() -> tuple[str, str]:
        html = card_page(service.model().classifier.bundle)
        return html, f'"{hashlib.sha256(html.encode()).hexdigest()}"'

    @router.api_route("/model/card", methods=["GET", "HEAD"])
    async def model_card(request: Request) -> Response:
        html, etag = card()
        response = HTMLResponse(html, headers=HEADERS | {"ETag": etag})
        if etag in request.headers.get("if-none-match", ""):
            return NotModifiedResponse(response.headers)
        return response

    @router.api_route("/model/card/{name:path}", methods=["GET", "HEAD"])
    async def plot(name: str, request: Request) -> Response:
        bundle = service.model().classifier.bundle
        if name not in plots(bundle):
            raise HTTPException(404)
        return await PageFiles(directory=bundle.path).get_response(name, request.scope)

    return router
