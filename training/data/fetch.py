"""Downloads the Reuters-21578 archive: resumes, verifies every file, and then renames it into place.

Uses urllib: it takes one GET with a Range header, for which the train extra needs no HTTP client.
"""

import hashlib
import http
import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Final

from training.data.archive import ArchiveError, read_files
from training.data.checksums import SHA256
from training.errors import DownloadError, OutputError

ARCHIVE: Final = "reuters21578.tar.gz"
URLS: Final = (
    "https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.tar.gz",
    "http://www.daviddlewis.com/resources/testcollections/reuters21578/reuters21578.tar.gz",
)
"""The public sites of the archive. The second has no HTTPS; the SHA-256 of each file is verified either way."""

DEFAULT_FOLDER: Final = Path(".data")
MAX_BYTES: Final = 64 * 1024 * 1024
"""Limit of a download. The archive has 8 MB."""
MAX_TRIES: Final = 3
TIMEOUT_SECONDS: Final = 30.0
_CHUNK: Final = 64 * 1024

Progress = Callable[[int, int | None], None]
"""Called with the bytes received and, if the server sends it, the total."""


class _CutOffError(Exception):
    """The download was interrupted: retry from where it stopped."""


class _RefusedError(Exception):
    """The server refused, or sent something else: do not retry."""


def fetch_archive(folder: Path, urls: Sequence[str], progress: Progress = lambda _done, _total: None) -> Path:
    """Download the archive into `folder`, unless it is there already and complete.

    Each URL is tried in turn; an interrupted download is resumed if the server supports Range.

    Returns:
        The path of the archive; every file in it has the expected SHA-256.

    Raises:
        DownloadError: no URL gave the complete, unchanged archive; `folder` stays as it was.
        OutputError: `folder` cannot be written.
    """
    target = folder / ARCHIVE
    if target.exists() and archive_fault(target) is None:
        return target
    faults = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for url in urls:
            # Next to the target, so the rename stays on one file system; always deleted.
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
                part = Path(scratch) / ARCHIVE
                fault = _download(url, part, progress) or archive_fault(part)
                if fault is None:
                    part.replace(target)
                    return target
            faults.append(f"{url} {fault}")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error}); choose another --into.") from error
    raise DownloadError(
        f"The archive could not be fetched ({'; '.join(faults)}); try again later, or put {ARCHIVE} into {folder}."
    )


def archive_fault(archive: Path) -> str | None:
    """What is wrong with an archive, as the end of a sentence; None if it has all files of Reuters-21578, unchanged."""
    try:
        files = read_files(archive, SHA256)
    except (ArchiveError, FileNotFoundError) as error:
        return f"cannot be read ({error})"
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            return f"has another {name} than Reuters-21578, Distribution 1.0"
    missing = sorted(SHA256.keys() - files.keys())
    return f"lacks {', '.join(missing[:3])}" if missing else None


def _download(url: str, part: Path, progress: Progress) -> str | None:
    """Download `url` into `part` in up to MAX_TRIES requests; returns what went wrong, or None."""
    fault = None
    with part.open("wb") as file:
        for _ in range(MAX_TRIES):
            try:
                _request(url, file, progress)
            except _RefusedError as error:
                return str(error)
            except _CutOffError as error:
                fault = str(error)
            else:
                return None
    return fault


def _request(url: str, file: IO[bytes], progress: Progress) -> None:
    """Send one GET for the whole file, or for the rest after what `file` contains."""
    done = file.tell()
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})  # noqa: S310 - our URLs
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        fault = _CutOffError if error.code >= 500 else _RefusedError
        raise fault(f"answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _CutOffError(f"cannot be reached ({getattr(error, 'reason', error)})") from error
    except ValueError as error:
        raise _RefusedError("is not a URL; it must begin with https:// or http://") from error
    with answer:
        if done and not _continues(answer, done):
            done = 0
            file.seek(0)
            file.truncate()
        length = answer.headers.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else None
        while chunk := _read(answer):
            done += file.write(chunk)
            if done > MAX_BYTES:
                raise _RefusedError(f"sends more than {MAX_BYTES:,} bytes")
            progress(done, total)
    if total is not None and done != total:
        raise _CutOffError(f"cut the download off at {done:,} of {total:,} bytes")


def _continues(answer: Any, done: int) -> bool:  # noqa: ANN401 - urllib's answer has no one public type
    """Whether the server resumes at `done`; one without support for Range answers 200 and sends the whole file."""
    places: str = answer.headers.get("Content-Range", "")
    return bool(answer.status == http.HTTPStatus.PARTIAL_CONTENT) and places.startswith(f"bytes {done}-")


def _read(answer: Any) -> bytes:  # noqa: ANN401
    try:
        chunk: bytes = answer.read(_CHUNK)
    except (http.client.HTTPException, OSError) as error:
        raise _CutOffError(f"cut the download off ({error})") from error
    return chunk
