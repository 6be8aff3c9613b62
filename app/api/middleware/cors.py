"""CORS middleware that answers a refused preflight with a problem, like every other error."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.headers import RESPONSE_HEADERS
from app.api.problems import problem
from app.errors import CorsError
from app.telemetry.request_context import context_of


class Cors(CORSMiddleware):
    """Allows the configured origins, and any request header, because API keys are sent in one."""

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["*"],
            expose_headers=list(RESPONSE_HEADERS),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or add CORS headers to the app's response."""
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers:
            response = self.preflight_response(request_headers=headers)
            if response.status_code != 200:
                refused = bytes(response.body).decode().removeprefix("Disallowed CORS ")
                error = CorsError(f"CORS does not allow this request because of its {refused}.")
                context = context_of(scope)
                answer = problem(error, scope["path"], context.request_id, context.path)
                answer.headers["vary"] = response.headers["vary"]
                response = answer
            await response(scope, receive, send)
        else:
            await self.simple_response(scope, receive, send, request_headers=headers)
