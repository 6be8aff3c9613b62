"""Request IDs: the client's X-Request-ID header, or a new one."""

import random
import re
from collections.abc import Mapping

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")


def new_request_id() -> str:
    """128 random bits in hexadecimal, without the system call of a cryptographic generator: an ID is not a secret."""
    return f"{random.getrandbits(128):032x}"


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The client's own X-Request-ID if it is well formed, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if _WELL_FORMED.fullmatch(given) else new_request_id()
