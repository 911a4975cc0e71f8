"""A till that sends straight to the contract as the node's relayer, past the node's own check."""

from __future__ import annotations

from collections.abc import Callable

from node_api.chain.redeem import Relayer
from node_api.chain.rpc_errors import ChainError, RpcUnavailable
from node_api.chain.sender import NoReceipt
from node_api.domain.item_words import ItemGroup
from node_api.domain.operations import Declined
from node_api.services.ports.playing import Outcome, Play, PlayerKeys
from node_api.services.ports.relaying import CallNotTaken, NonceLost

_RECEIPT_SECONDS = 2.0
_TRIES = 30


class CallFailed(ChainError):
    """The chain refused a whole call of `redeem`."""


class RelayedTill:
    """Implements `Till`, one call a code. No outbox of the same relayer may run beside it."""

    def __init__(self, relayer: Relayer, keys: PlayerKeys, revive: Callable[[], object] = lambda: None) -> None:
        """Takes the relayer's account, who signs, and what brings back a chain that does not answer."""
        self._relayer = relayer
        self._keys = keys
        self._revive = revive

    def redeem(self, play: Play, attempt: int = 0) -> Outcome:  # noqa: ARG002 - a call has no idempotency key to vary
        """See the port. Raises CallFailed, NoReceipt, ChainError."""
        item = self._keys.sign(play)
        groups = [ItemGroup.of(item.merchant, (item,), self._keys.seal(play, item))]
        call = self._relayer.sign(groups)
        for _ in range(_TRIES):
            try:
                self._relayer.send(call)
                outcome = self._relayer.outcome(call, groups, _RECEIPT_SECONDS)
            except RpcUnavailable:
                self._revive()
                continue
            except (CallNotTaken, NonceLost) as lost:
                raise CallFailed(str(lost)) from lost
            if outcome is None:
                continue
            if outcome.verdicts is None:
                raise CallFailed(f"code {play.code}: {outcome.fault}")
            (verdict,) = outcome.verdicts
            reason = verdict.reason if isinstance(verdict, Declined) else None
            return Outcome(reason, call.hash, outcome.block.number)
        raise NoReceipt(f"code {play.code}: transaction {call.hash} is in no block")
