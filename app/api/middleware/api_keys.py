"""API key authentication, with keys that are read again when their file changes."""

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterable

from app.errors import UnauthorizedError
from app.settings import SettingsError

RELOAD_SECONDS = 1.0
"""Minimum time between two reads of the key file, in seconds."""

logger = logging.getLogger(__name__)


class ApiKeys:
    """The API keys of the settings and of the key file."""

    def __init__(self, read: Callable[[], frozenset[str]], clock: Callable[[], float] = time.monotonic) -> None:
        """`read`: returns all keys; called again every RELOAD_SECONDS, so keys can be rotated without a restart."""
        self._read = read
        self._clock = clock
        # Keys are compared as digests with a random salt, so the timing of a comparison reveals nothing about a key.
        self._salt = secrets.token_bytes(32)
        self._read_at = clock()
        self._failed = False
        self._use(read())

    def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises UnauthorizedError unless an `Authorization: Bearer` or `X-API-Key` header holds one of the keys."""
        if self._clock() - self._read_at >= RELOAD_SECONDS:
            self._reload()
        given = {key for name, value in headers if (key := _key(name, value)) is not None}
        if not given:
            raise UnauthorizedError("No API key; send one as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.")
        if self._digests.isdisjoint(map(self._digest, given)):
            raise UnauthorizedError("The API key is not valid.")

    def _reload(self) -> None:
        self._read_at = self._clock()
        try:
            keys = self._read()
        except SettingsError as error:
            if not self._failed:
                logger.warning("%s The previous keys stay valid.", error)
            self._failed = True
            return
        if self._failed or keys != self._keys:
            logger.info("API keys reloaded: %d", len(keys))
        self._failed = False
        if keys != self._keys:
            self._use(keys)

    def _use(self, keys: frozenset[str]) -> None:
        self._keys = keys
        # Clients encode a non-ASCII key as UTF-8 (curl) or Latin-1 (Python's http.client).
        encoded = {key.encode() for key in keys} | {key.encode("latin-1") for key in keys if max(key) <= "\xff"}
        self._digests = frozenset(map(self._digest, encoded))

    def _digest(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, key=self._salt).digest()


def _key(name: bytes, value: bytes) -> bytes | None:
    """The key in a header; None for any other header or authentication scheme."""
    if name == b"x-api-key":
        return value.strip()
    if name == b"authorization":
        scheme, _, token = value.strip().partition(b" ")
        return token.strip() if scheme.lower() == b"bearer" else None
    return None
