"""Validates request heads: refuses those that httptools accepts but a proxy in front may interpret differently."""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from httptools import parse_url

from app.control_characters import has_control_character
from app.errors import ApiError, ExpectationError, MalformedRequestError, TargetTooLongError

MAX_LENGTH_DIGITS = 19
"""Digits of a Content-Length: as many as a 64-bit number has. Python refuses to convert thousands of them."""

MAX_HEADERS = 100
"""Maximum number of header lines, as in Apache: a line of five bytes takes up 170 bytes in memory."""

MAX_TARGET_BYTES = 8 * 1024
"""Maximum bytes of path and query, as in nginx: decoding 60 KiB of percent signs takes 10 ms."""

_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")


def validated_target(
    version: str, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], names: dict[bytes, bytes]
) -> bytes:
    """The path and query of a request target.

    `names`: the headers by name, which is in lower case. A new check needs its condition in
    `HttpProtocol.on_headers_complete`, which does not call this for every request.

    Raises:
        MalformedRequestError: the head is not valid HTTP/1.1 or HTTP/1.0, or is ambiguous.
        TargetTooLongError: more than MAX_TARGET_BYTES.
        ExpectationError: `Expect` has a value other than 100-continue.
    """
    if len(target) > MAX_TARGET_BYTES:
        raise target_too_long()
    if len(headers) > MAX_HEADERS:
        raise too_many_headers()
    if len(names) != len(headers):
        _validate_repeated(headers)
    if version != "1.1":
        _validate_old(version, names)
    elif b"host" not in names:
        raise MalformedRequestError("The request has no Host header; HTTP/1.1 requires one.")
    if b"host" in names:
        _validate_host(names[b"host"])
    if len(names.get(b"content-length", b"")) > MAX_LENGTH_DIGITS:
        raise MalformedRequestError(
            f"The Content-Length has more than {MAX_LENGTH_DIGITS} digits; send the number of bytes of the body."
        )
    if b"transfer-encoding" in names and names[b"transfer-encoding"].lower() != b"chunked":
        raise MalformedRequestError("The body has a Transfer-Encoding other than chunked; send it without one.")
    if b"expect" in names:
        _validate_expectation(names[b"expect"])
    if b"#" in target:  # `_origin_form` would drop it
        raise MalformedRequestError("The request's target has a fragment (#); leave it out.")
    if not target.startswith(b"/"):
        target = _origin_form(method, target)
    if b"%" in target:
        _validate_path(target.partition(b"?")[0])
    return target


@lru_cache(maxsize=32)
def _validate_host(host: bytes) -> None:
    if not _HOST.fullmatch(host):
        raise MalformedRequestError("The Host header is not a host name with an optional port; correct it.")


def _validate_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    if sum(name == b"host" for name, _ in headers) > 1:
        raise MalformedRequestError("The request has more than one Host header; send one.")
    if sum(name == b"transfer-encoding" for name, _ in headers) > 1:
        raise MalformedRequestError("The request has more than one Transfer-Encoding header; send one.")
    for name, value in headers:
        if name == b"expect":
            _validate_expectation(value)


def _validate_expectation(value: bytes) -> None:
    if value.lower() not in (b"100-continue", b""):
        raise ExpectationError("The Expect header has a value other than 100-continue; omit it.")


def too_many_headers() -> ApiError:
    """The error for more than MAX_HEADERS header lines."""
    return MalformedRequestError(f"The request has more than {MAX_HEADERS} header lines; send fewer.")


def target_too_long() -> ApiError:
    """The error for a target of more than MAX_TARGET_BYTES."""
    return TargetTooLongError(f"The path and query have more than {MAX_TARGET_BYTES:,} bytes; shorten them.")


def _validate_old(version: str, names: dict[bytes, bytes]) -> None:
    if version != "1.0":
        raise MalformedRequestError(f"The request has version HTTP/{version}; send it as HTTP/1.1.")
    if b"transfer-encoding" in names:
        raise MalformedRequestError("HTTP/1.0 has no Transfer-Encoding; send a Content-Length, or HTTP/1.1.")


def _origin_form(method: bytes, target: bytes) -> bytes:
    """Converts the absolute form of a target (`http://host/path`) to its path; `*` stays unchanged."""
    if target == b"*" and method == b"OPTIONS":
        return target
    if target.lower().startswith((b"http://", b"https://")) and method != b"CONNECT":
        url = parse_url(target)
        return (url.path or b"/") + (b"?" + url.query if url.query else b"")
    raise MalformedRequestError("The request's target is not a path; send one that begins with a slash.")


def _validate_path(path: bytes) -> None:
    try:
        decoded = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise MalformedRequestError("The path is not UTF-8; percent-encode its UTF-8 bytes.") from None
    if has_control_character(decoded):
        raise MalformedRequestError("The path contains a control character; no path of this service does.")
