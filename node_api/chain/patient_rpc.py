"""A client that waits for a restarted chain instead of giving up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError, RpcUnavailable
from node_api.chain.rpc_values import Json

_TRIES = 3


class PatientRpc(RpcClient):
    """Asks again once the chain is back. For questions and signed transactions, which may be sent twice; no others."""

    def __init__(self, url: str, revive: Callable[[], object], own: tuple[int, str] | None = None) -> None:
        """Takes the address, whose chain it must be, and what returns once the chain answers again or raises ChainError."""
        super().__init__(url, own=own)
        self._revive = revive

    def call(self, method: str, params: Sequence[Json] = ()) -> Json:
        """As `RpcClient.call`, a few times."""
        for _ in range(_TRIES - 1):
            try:
                return super().call(method, params)
            except RpcUnavailable:
                self._revive()
        return super().call(method, params)

    def try_batch(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        """As `RpcClient.try_batch`, a few times."""
        for _ in range(_TRIES - 1):
            try:
                return super().try_batch(requests)
            except RpcUnavailable:
                self._revive()
        return super().try_batch(requests)
