"""Sends what auditors and the emergency lane order. Implements the port `OversightDesk`."""

from __future__ import annotations

from collections.abc import Mapping

from eth_account.signers.local import LocalAccount

from node_api.chain.courier import Courier
from node_api.chain.keys import KeyRole
from node_api.chain.rpc import RpcClient
from node_api.domain.errors import OversightKeyMissing, OversightRefused
from node_api.domain.ids import Address
from node_api.services.ports import oversight as o

_Call = tuple[KeyRole, str, str, tuple[object, ...]]


class OversightCalls:
    """See the port."""

    def __init__(
        self,
        rpc: RpcClient,
        chain_id: int,
        addresses: Mapping[str, Address],
        accounts: Mapping[KeyRole, LocalAccount],
    ) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            addresses: of CaseDesk and ProgrammeRegistry.
            accounts: of AUDITOR and EMERGENCY, where the node keeps them.
        """
        self._rpc, self._chain_id = rpc, chain_id
        self._addresses, self._accounts = dict(addresses), dict(accounts)

    def carry_out(self, order: o.Order) -> None:
        """See the port."""
        role, target, function, arguments = _call_of(order)
        account = self._accounts.get(role)
        if account is None:
            raise OversightKeyMissing(f"no key file of {role.name}")
        place = target, self._addresses[target]
        Courier(self._rpc, self._chain_id, account, place, OversightRefused).send(function, *arguments)


def _call_of(order: o.Order) -> _Call:
    desk, auditor = "CaseDesk", KeyRole.AUDITOR
    match order:
        case o.Freeze(what, until, reason):
            return auditor, desk, "freeze", (int(what.subject), what.id, until, reason)
        case o.Lift(what, reason):
            return auditor, desk, "lift", (int(what.subject), what.id, reason)
        case o.Confirm(what, reason):
            return auditor, desk, "confirm", (int(what.subject), what.id, reason)
        case o.Appeal(what, letter):
            return auditor, desk, "appeal", (int(what.subject), what.id, bytes.fromhex(letter[2:]))
        case o.Revoke(vouchers, reason):
            return auditor, desk, "revoke", (list(vouchers), reason)
        case _:
            return _lane_call(order)


def _lane_call(order: o.Extend | o.Widen | o.Pause | o.Resume) -> _Call:
    registry, rescuer = "ProgrammeRegistry", KeyRole.EMERGENCY
    match order:
        case o.Extend(batch, until, reason):
            return rescuer, "CaseDesk", "extendBatch", (batch, until, reason)
        case o.Widen(programme, channels, until, reason):
            return rescuer, registry, "widenChannels", (programme, channels, until, reason)
        case o.Pause(programme, until, reason):
            name, which = ("pause", (programme,)) if programme else ("pauseAll", ())
            return rescuer, registry, name, (*which, until, reason)
        case o.Resume(programme):
            return rescuer, registry, "resume" if programme else "resumeAll", (programme,) if programme else ()
