"""Which request is which, from the client to the log."""

import random
import re
from collections.abc import Mapping

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")


def new_request_id() -> str:
    """128 random bits, hexadecimal; not a secret, so no system call for it."""
    return f"{random.getrandbits(128):032x}"


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The client's own X-Request-ID if it is well formed, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if _WELL_FORMED.fullmatch(given) else new_request_id()
