"""The web page at `/`, the model card and the API reference at `/docs`, all from local files."""

import hashlib
import os
from collections.abc import Awaitable, Callable
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.web.headers import DOCS_HEADERS, HEADERS
from app.web.home import home_page, with_description
from app.web.model_card import card_page, plots

FOLDER = Path(__file__).parent

Describe = Callable[[ServedModel, Service], Awaitable[str]]


class PageFiles(StaticFiles):
    """Static files with the headers of the page."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304; raises OSError if it cannot be read.

        Starlette's FileResponse takes five times as long for files of this size, because it runs each step in a
        thread, and sends the response head before it opens the file.
        """
        media_type, _ = guess_type(full_path)
        return tagged(Path(full_path).read_bytes(), media_type or "application/octet-stream", Headers(scope=scope))


def tagged(content: bytes, media_type: str, request_headers: Headers) -> Response:
    """A response with an ETag, or 304 if the client has this content."""
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    response = Response(content, headers=HEADERS | {"ETag": etag}, media_type=media_type)
    if etag in request_headers.get("if-none-match", ""):
        return NotModifiedResponse(response.headers)
    return response


def page_router(service: Service, describe: Describe | None) -> APIRouter:
    """Routes of the page. They need no API key, although the API that the page calls may require one.

    `describe`: returns JSON that describes a model, for the page at `/`; None: the page has to ask, with a key.
    """
    router = APIRouter(include_in_schema=False)
    files = PageFiles(directory=FOLDER)
    # Swagger UI's files come from a package, so that /docs works offline; FastAPI's own page loads them from a CDN.
    router.routes.append(Mount("/page/swagger", PageFiles(packages=[("fastapi_offline", "static")])))
    router.routes.append(Mount("/page", PageFiles(directory=FOLDER / "static")))

    @cache
    def home(served: ServedModel) -> str:
        return home_page(served.classifier.bundle.manifest, metrics=service.settings.metrics_port is None)

    @router.get("/")
    async def page(request: Request) -> Response:
        served = service.model()
        description = "" if describe is None else await describe(served, service)
        return tagged(with_description(home(served), description).encode(), "text/html", request.headers)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        response = await files.get_response("docs.html", request.scope)
        response.headers.update(DOCS_HEADERS)
        return response

    @cache
    def card(served: ServedModel, query: str) -> str:
        return card_page(served.classifier.bundle, query)

    def chosen(request: Request) -> tuple[ServedModel, str]:
        """The model that the query parameter `model` names, and the query for links to its files."""
        name = request.query_params.get("model")
        served = service.model(name)
        return served, "" if name is None else f"?model={served.full_name}"

    @router.get("/model/card")
    async def model_card(request: Request) -> Response:
        return tagged(card(*chosen(request)).encode(), "text/html", request.headers)

    @router.get("/model/card/{name:path}")
    async def plot(name: str, request: Request) -> Response:
        bundle = chosen(request)[0].classifier.bundle
        if name not in plots(bundle):
            raise HTTPException(404)
        return await PageFiles(directory=bundle.path).get_response(name, request.scope)

    return router
