"""Making, finding and revoking API keys."""

import hashlib
import secrets
import time
from collections.abc import Sequence

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import ApiKeyUnknown
from node_api.domain.ids import MerchantId, UnixSeconds
from node_api.services.ports.operations import ApiKeyStore

PREFIX = "vt_"
_TOKEN_BYTES = 32


class ApiKeyring:
    """The node's API keys. Thread-safe."""

    def __init__(self, store: ApiKeyStore) -> None:
        self._store = store

    def create(self, role: ApiRole, name: str, merchant: MerchantId | None = None) -> tuple[ApiKey, str]:
        """Makes a key. Its token is given out now and never again.

        Raises:
            ValueError: a merchant's key without a merchant, or another with one.
        """
        if (role is ApiRole.MERCHANT) != (merchant is not None):
            raise ValueError("a merchant's key names its merchant, and no other key does")
        token = PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        key = ApiKey("key_" + secrets.token_hex(8), role, merchant, name, UnixSeconds(int(time.time())))
        self._store.add(key, _digest(token))
        return key, token

    def callers(self, tokens: Sequence[str]) -> list[ApiKey | Exception]:
        """Whose each token is; ApiKeyUnknown where it is nobody's, or revoked."""
        found = self._store.find([_digest(token) for token in tokens])
        return [
            ApiKeyUnknown("an unknown or revoked API key") if key is None or key.revoked_at is not None else key
            for key in found
        ]

    def require_valid(self, token: str) -> None:
        """Raises ApiKeyUnknown for a token that is nobody's, or revoked."""
        (found,) = self.callers([token])
        if isinstance(found, Exception):
            raise found

    def all(self) -> list[ApiKey]:
        """Every key, the oldest first, without tokens."""
        return self._store.all()

    def revoke(self, key: str) -> ApiKey:
        """Ends a key at once, for ever.

        Raises:
            ApiKeyUnknown: there is none of this id.
        """
        found = self._store.revoke(key, int(time.time()))
        if found is None:
            raise ApiKeyUnknown(f"API key {key}")
        return found


def _digest(token: str) -> bytes:
    # A plain SHA-256 is enough: the token has 256 random bits, so there is nothing to guess that a slow hash would protect.
    return hashlib.sha256(token.encode()).digest()
