"""Validates arguments of the client's public methods: raises TypeError or ValueError before anything is sent."""

import math
import re
from collections.abc import AsyncIterable, Iterable, Mapping
from numbers import Integral, Real
from typing import TypeVar

import httpx2

MAX_TIMEOUT = 10.0**9
"""In seconds: about 31 years. A longer timeout counts as none, because sockets do not accept larger numbers."""

_USERINFO = re.compile(r"//.*@", re.DOTALL)
"""User name and password of a URL, up to the last @, because a password may hold any."""

T = TypeVar("T", bound=Iterable[str] | AsyncIterable[str])


def url(value: object) -> str:
    """The service's URL: `http` or `https`, a host, optionally a port and a path."""
    if not isinstance(value, str):
        raise TypeError(f"url must be a str such as 'http://127.0.0.1:8000', not {type(value).__name__}")
    shown = without_userinfo(value)
    try:
        parsed = httpx2.URL(value)
    except httpx2.InvalidURL as error:
        reason = error if shown == value else "invalid"  # the error may quote a part of the password
        raise ValueError(f"url: {reason}, in {shown[:200]!r}") from None
    blank = any(character.isspace() for character in value)
    if parsed.scheme not in ("http", "https") or not parsed.host or blank or (parsed.port or 0) > 65535:
        raise ValueError(f"url must look like 'http://127.0.0.1:8000', not {shown[:200]!r}")
    if parsed.query or parsed.fragment:
        raise ValueError(f"url must end before '?' and '#': {shown[:200]!r}")
    return value


def without_userinfo(url: str) -> str:
    """A URL for errors, without user name and password."""
    return _USERINFO.sub("//", url)


def api_key(value: object) -> str | None:
    """An API key that is valid in a header; None and the empty string mean no key."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError(f"api_key must be a str, not {type(value).__name__}")
    if not value.isprintable() or value != value.strip():
        raise ValueError("api_key must have no line ends, control characters, or blanks at its ends")
    return value


def timeout(value: object) -> float:
    """A timeout in seconds, above 0; infinity for None."""
    if value is None:
        return math.inf
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"timeout must be a number of seconds, or None for no limit, not {type(value).__name__}")
    try:
        seconds = float(value)
    except OverflowError as error:
        raise ValueError(f"timeout: {error}") from None
    if not seconds > 0:  # also NaN
        raise ValueError(f"timeout must be above 0 seconds, not {value}")
    return seconds if seconds <= MAX_TIMEOUT else math.inf


def socket_timeout(seconds: float) -> float | None:
    """A timeout for httpx2, where None means no limit."""
    return None if seconds == math.inf else seconds


def top_k(value: object) -> int | None:
    """A number of topics, 1 or more; None: the service's default."""
    return None if value is None else integer("top_k", value, 1)


def integer(name: str, value: object, minimum: int) -> int:
    """An integer of `minimum` or above; NumPy integers are accepted."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < minimum:
        raise ValueError(f"{name} must be {minimum} or above, not {value}")
    return int(value)


def flag(name: str, value: object) -> bool:
    """True or False; NumPy booleans are accepted."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return bool(value)


def headline(value: object, name: str = "headline") -> str:
    """A string that can be sent as JSON."""
    fault = text_fault(value)
    if fault is None:
        return str.__str__(value)  # a plain str, also for a NumPy str or a str Enum
    raise (ValueError if isinstance(value, str) else TypeError)(f"{name} {fault}")


def text_fault(value: object) -> str | None:
    """Why a value cannot be sent as a headline; None if it can."""
    if not isinstance(value, str):
        return f"must be a str, not {type(value).__name__}"
    if value.isascii():
        return None
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"has half of a surrogate pair at character {error.start}, which no UTF-8 text has"
    return None


def model(value: object) -> str | None:
    """NAME or NAME/VERSION of a model in service; None means the service's default model."""
    if value is None:
        return None
    name = headline(value, "model")
    if not name:
        raise ValueError("model must be NAME or NAME/VERSION, or None for the default model, not ''")
    return name


def headlines(value: T) -> T:
    """An iterable of headlines. Not a single string or a table: iterating gives characters, and column names."""
    name = type(value).__name__
    if isinstance(value, str | bytes | bytearray | memoryview):
        raise TypeError(f"headlines must be several texts, such as a list, not one {name}; for one there is predict()")
    if isinstance(value, Mapping) or getattr(value, "ndim", 1) != 1:
        raise TypeError(f"headlines must be one column of texts, not a {name}")
    if not isinstance(value, Iterable | AsyncIterable):
        raise TypeError(f"headlines must be several texts, such as a list, not {name}")
    return value


def on_error(value: object) -> bool:
    """Whether to skip headlines that cannot be classified."""
    if value not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {value!r:.200}")
    return value == "skip"
