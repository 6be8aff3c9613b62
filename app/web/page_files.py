"""Files of the page: read once, tagged with their hash, and sent in pieces."""

import errno
import hashlib
import stat
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Receive, Scope, Send

from app.web.headers import HEADERS

PIECE = 64 * 1024
"""Bytes of a body that are sent together. The server waits between two pieces if the client does not read them."""

MAX_PATH = 255
"""Maximum length of a path, in characters. To look up one with 4,000 folders, even if none exists, takes 25 ms."""

FILES = 128
"""Maximum number of files whose content is kept: those of the page and of Swagger UI are 30."""


class PageFiles(StaticFiles):
    """Static files with the headers of the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 304; raises HTTPException if there is no such file, OSError if it cannot be read.

        Starlette looks a file up and reads it in threads, and changing threads takes longer than either; it answers 401
        without permission, and sends the response head before it opens the file.
        """
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if len(path) > MAX_PATH:
            raise HTTPException(404)
        try:
            full_path, status = self.lookup_path(path)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise HTTPException(404) from None
        if status is None or not stat.S_ISREG(status.st_mode):
            raise HTTPException(404)
        content, etag = read(full_path, status.st_mtime_ns, status.st_size)
        media_type, _ = guess_type(full_path)
        return tagged(content, etag, media_type or "application/octet-stream", Headers(scope=scope))


class Pieces(Response):
    """A response that is sent in pieces, so that a client that reads slowly makes the server buffer only one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        size = len(self.body)
        for start in range(0, size or 1, PIECE):
            end = start + PIECE
            await send({"type": "http.response.body", "body": self.body[start:end], "more_body": end < size})


@lru_cache(FILES)
def read(path: str, changed: int, size: int) -> tuple[bytes, str]:
    """Content and ETag of a file. `changed`, `size`: modification time and size, so that a changed file is read again.

    All responses share the content: 400 clients that do not read one of 1.5 MB would otherwise hold 300 MB.
    """
    content = Path(path).read_bytes()
    return content, etag_of(content)


def etag_of(content: bytes) -> str:
    """The ETag of a body: its SHA-256 in quotes."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


def tagged(content: bytes, etag: str, media_type: str, request_headers: Headers) -> Response:
    """A response with an ETag, or 304 if the client has this content."""
    response = Pieces(content, headers=HEADERS | {"ETag": etag}, media_type=media_type)
    known = ",".join(request_headers.getlist("if-none-match"))
    return NotModifiedResponse(response.headers) if etag in known or known.strip() == "*" else response
