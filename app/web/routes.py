"""The web page at `/`, the model card and the API reference at `/docs`, all from local files."""

import hashlib
import os
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Message, Receive, Scope, Send

from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.web.headers import DOCS_HEADERS, HEADERS
from app.web.home import home_page
from app.web.model_card import card_page, plots

FOLDER = Path(__file__).parent


class PageFile(FileResponse):
    """A file response whose errors become problems.

    Starlette sends the response head before it opens the file, and range errors as text.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; raises OSError if it cannot be opened, and HTTPException if the range does not exist."""
        head: Message | None = None

        async def send_after_open(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                if message["status"] >= 400:
                    headers = Headers(raw=message["headers"])
                    ranges = {name: headers[name] for name in ("content-range",) if name in headers}
                    raise HTTPException(message["status"], headers=ranges)
                head = message
                return
            if head is not None:
                await send(head)
                head = None
            await send(message)

        await super().__call__(scope, receive, send_after_open)


class PageFiles(StaticFiles):
    """Static files with the headers of the page; Starlette adds ETags."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304."""
        response = PageFile(full_path, status_code, HEADERS, stat_result=stat_result)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def tagged(html: str, request: Request) -> Response:
    """A response of generated HTML with an ETag, or 304."""
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()}"'
    response = HTMLResponse(html, headers=HEADERS | {"ETag": etag})
    if etag in request.headers.get("if-none-match", ""):
        return NotModifiedResponse(response.headers)
    return response


def page_router(service: Service) -> APIRouter:
    """Routes of the page. They need no API key, although the API that the page calls may require one."""
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
        return tagged(home(service.model()), request)

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
        return tagged(card(*chosen(request)), request)

    @router.get("/model/card/{name:path}")
    async def plot(name: str, request: Request) -> Response:
        bundle = chosen(request)[0].classifier.bundle
        if name not in plots(bundle):
            raise HTTPException(404)
        return await PageFiles(directory=bundle.path).get_response(name, request.scope)

    return router
