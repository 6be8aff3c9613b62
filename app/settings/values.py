"""Parsers and validators of single values: API keys, folders, origins, addresses of proxies."""

import ipaddress
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from app.errors import MAX_QUOTE

_HOST = re.compile(r"[\w.:-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def validate_keys(text: SecretStr) -> SecretStr:
    """Refuse text without a key, and keys that no header could have."""
    value = text.get_secret_value()
    keys = split(value)
    if value and not keys:
        raise PydanticCustomError("no_key", "it is set but has no key; unset it to serve without authentication")
    if not all(key.isprintable() for key in keys):
        raise PydanticCustomError("control", "a key contains a control character; separate keys by commas")
    return text


def split_folders(value: object) -> object:
    """Split a comma-separated list of folders; a Path is one folder, whatever its name."""
    if isinstance(value, Path):
        return (value,)
    if not isinstance(value, str):
        return value
    folders = split(value)
    if not folders:
        raise PydanticCustomError("no_folder", "it has no folder; name one that holds a manifest.json")
    return tuple(folders)


def from_json(value: object) -> object:
    """Parse a text as JSON; other values are returned as they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise PydanticCustomError(
            "json", '{value} is not JSON; write a list such as ["https://example.org"]', {"value": shown(value)}
        ) from None


def validate_origin(origin: str) -> str:
    """Accept only the form in which browsers send an origin; any other spelling would never match."""
    if origin == "*":
        return origin
    try:
        parts = urlsplit(origin.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError is one
        host, port = "", None
    if not _HOST.fullmatch(host) or not parts.scheme:
        raise PydanticCustomError(
            "origin",
            '{origin} is not an origin; write "https://example.org", or "*" for all',
            {"origin": shown(origin)},
        )
    host = f"[{host}]" if ":" in host else host
    right = f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}")
    if origin != right:
        raise PydanticCustomError(
            "origin",
            "browsers never send {origin} as an origin; write {right}",
            {"origin": shown(origin), "right": shown(right)},
        )
    return origin


def shown(text: str) -> str:
    """A value in quotes for an error message, cut after MAX_QUOTE characters."""
    return json.dumps(text if len(text) <= MAX_QUOTE else text[:MAX_QUOTE] + "...")


def validate_proxies(text: str) -> str:
    """Refuse what uvicorn would take for the name of a peer, which would never match."""
    if text and not split(text):
        raise PydanticCustomError("proxy", "it has no address; unset it to trust no proxy")
    for value in split(text):
        try:
            ipaddress.ip_network(value)
        except ValueError:
            try:
                right = f'"{value}" has bits after its prefix; write {ipaddress.ip_network(value, strict=False)}'
            except ValueError:
                right = f"{shown(value)} is not an address or a network such as 10.0.0.0/8; separate them by commas"
            raise PydanticCustomError("proxy", "{reason}", {"reason": right}) from None
    return text


def ipv4_mapped(network: str) -> str | None:
    """An IPv4 address or network as IPv6, such as ::ffff:10.0.0.0/104 for 10.0.0.0/8; None for one of IPv6."""
    given = ipaddress.ip_network(network)
    return f"::ffff:{given.network_address}/{96 + given.prefixlen}" if given.version == 4 else None


def lower(value: object) -> object:
    """Lower-case a text; other values are returned as they are."""
    return value.lower() if isinstance(value, str) else value


def split(text: str) -> list[str]:
    """The parts of a comma-separated list, without white space around them and without empty ones."""
    return [value for part in text.split(",") if (value := part.strip())]
