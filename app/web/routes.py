"""The web page at `/`, the model card, the API reference at `/docs`, all from local files, and the OpenAPI document."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from app.serving.served_model import ServedModel
from app.serving.service import Service
from app.web.headers import DOCS_HEADERS
from app.web.home import home_page, with_description
from app.web.model_card import card_page, plots
from app.web.page_files import PageFiles, etag_of, tagged

FOLDER = Path(__file__).parent

PageJson = Callable[[ServedModel, Service], Awaitable[str]]
"""Returns the JSON that the page contains, so that it is complete without further requests."""


def html(content: str, request: Request) -> Response:
    """A response of generated HTML with an ETag, or 304."""
    body = content.encode()
    return tagged(body, etag_of(body), "text/html", request.headers)


def page_router(service: Service, page_json: PageJson | None) -> APIRouter:
    """Routes of the page. They need no API key, although the API that the page calls may require one.

    `page_json`: None if the API requires a key; the page at `/` then requests the same data with its user's key.
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
        description = "" if page_json is None else await page_json(served, service)
        return html(with_description(home(served), description), request)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        response = await files.get_response("docs.html", request.scope)
        response.headers.update(DOCS_HEADERS)
        return response

    # Requests that arrive before the OpenAPI document is generated wait for it, instead of generating it too.
    generating = asyncio.Lock()

    @router.get("/openapi.json")
    async def openapi(request: Request) -> JSONResponse:
        async with generating:
            document = await run_in_threadpool(request.app.openapi)  # the first time takes a tenth of a second
        return JSONResponse(document)

    @cache
    def card(served: ServedModel, query: str) -> str:
        return card_page(served.classifier.bundle, query)

    # Requests that arrive before a card is rendered wait for it, instead of rendering it too.
    rendering = asyncio.Lock()

    def chosen(request: Request) -> tuple[ServedModel, str]:
        """The model that the query parameter `model` names, and the query for links to its files."""
        name = request.query_params.get("model")
        served = service.model(name)
        return served, "" if name is None else f"?model={served.full_name}"

    @router.get("/model/card")
    async def model_card(request: Request) -> Response:
        served, query = chosen(request)
        async with rendering:
            content = await run_in_threadpool(card, served, query)  # a long card takes half a second
        return html(content, request)

    @router.get("/model/card/{name:path}")
    async def plot(name: str, request: Request) -> Response:
        bundle = chosen(request)[0].classifier.bundle
        if name not in plots(bundle):
            raise HTTPException(404)
        answer = await PageFiles(directory=bundle.path).get_response(name, request.scope)
        if answer.headers["etag"] != f'"{bundle.manifest.files[name].sha256}"':  # of another bundle in the same folder
            raise HTTPException(404)
        return answer

    return router
