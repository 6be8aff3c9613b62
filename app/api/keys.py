"""API keys: who may ask for predictions."""

import hashlib
import hmac
from collections.abc import Collection, Mapping

from app.api.errors import UnauthorizedError

_GUARDED = frozenset({"/predict", "/predict/batch", "/topics", "/model"})


def is_guarded(path: str) -> bool:
    """Whether a path wants a key, where keys are set; probes, metrics, documentation and the page never do."""
    return path in _GUARDED or (path.startswith("/v2/") and path.endswith("/infer"))


class Keys:
    """The keys that open the guarded paths."""

    def __init__(self, keys: Collection[str]) -> None:
        """Hashes are kept and compared, so neither the keys' lengths nor the keys themselves lie about."""
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in keys]

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Raises UnauthorizedError unless `Authorization: Bearer` or `X-API-Key` brings one of the keys."""
        given = _given(headers)
        if given is None:
            raise UnauthorizedError("A key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.")
        hashed = hashlib.sha256(given).digest()
        # Every key is compared, each in constant time, so the time taken tells nothing.
        if not sum([hmac.compare_digest(hashed, known) for known in self._hashes]):
            raise UnauthorizedError("The key is not one of this service's.")


def _given(headers: Mapping[bytes, bytes]) -> bytes | None:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return token.strip()
    return headers.get(b"x-api-key")
