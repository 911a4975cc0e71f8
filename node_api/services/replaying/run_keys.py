"""API keys of one replay: made as they are needed, ended with it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from node_api.services.api_keys import ApiKeyring

NAME = "replay"


class RunKeys:
    """A context: keys that a killed replay left behind are revoked when it begins, its own when it ends."""

    def __init__(self, keyring: ApiKeyring, name: str = NAME) -> None:
        """Makes no key yet; `name` is that of its keys, and of no others."""
        self._keyring = keyring
        self._name = name
        self._merchants: dict[MerchantId, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._revoke_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._revoke_all()

    def wallet(self) -> str:
        """A new key that makes codes."""
        return self._keyring.create(ApiRole.WALLET, self._name)[1]

    def merchant(self, merchant: MerchantId) -> str:
        """The key of a merchant, made when it is first asked for. From any thread."""
        with self._lock:
            if merchant not in self._merchants:
                self._merchants[merchant] = self._keyring.create(ApiRole.MERCHANT, self._name, merchant)[1]
            return self._merchants[merchant]

    def _revoke_all(self) -> None:
        for key in self._keyring.all():
            if key.name == self._name and key.revoked_at is None:
                self._keyring.revoke(key.id)
