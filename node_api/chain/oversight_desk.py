"""Sends what auditors and the emergency lane order. Implements the port `OversightDesk`."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from eth_abi.abi import decode
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.keys import KeyRole
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.chain.sender import NoReceipt, Reverted, Sender, WouldRevert, wait_until_final
from node_api.domain.errors import ChainUnavailable, OversightKeyMissing, OversightRefused
from node_api.domain.reverts import reverted
from node_api.services.ports import oversight as o

_SELECTOR = 4
_Call = tuple[KeyRole, str, str, tuple[object, ...]]


class OversightCalls:
    """See the port."""

    def __init__(
        self,
        rpc: RpcClient,
        chain_id: int,
        addresses: Mapping[str, str],
        accounts: Mapping[KeyRole, LocalAccount],
    ) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            addresses: of CaseDesk and ProgrammeRegistry.
            accounts: of AUDITOR and EMERGENCY, where the node keeps them.
        """
        self._addresses = dict(addresses)
        self._senders = {role: Sender(rpc, account, chain_id) for role, account in accounts.items()}
        self._lock = threading.Lock()

    def carry_out(self, order: o.Order) -> None:
        """See the port."""
        role, target, function, arguments = _call_of(order)
        sender = self._senders.get(role)
        if sender is None:
            raise OversightKeyMissing(f"no key file of {role.name}")
        calldata = contract(target).function(function).encode(arguments)
        try:
            with self._lock:
                sender.forget_nonce()
                receipt = sender.transact(self._addresses[target], calldata, what=f"{target}.{function}")
            wait_until_final(sender.rpc, receipt)
        except WouldRevert as error:
            raise _refused(error.data) from error
        except Reverted as error:
            raise _refused(self._why(sender, target, calldata)) from error
        except (RpcUnavailable, NoReceipt) as error:
            raise ChainUnavailable(str(error)) from error

    def _why(self, sender: Sender, target: str, calldata: bytes) -> str:
        """Something changed between the trial run and the block: asks once more."""
        try:
            sender.estimate(self._addresses[target], calldata)
        except WouldRevert as error:
            return error.data
        return "0x"


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


def _refused(data: str) -> OversightRefused:
    raw = bytes.fromhex(data.removeprefix("0x"))
    error = custom_errors().get(raw[:_SELECTOR])
    if error is None:
        told = reverted("", [("data", data)])
    else:
        values = decode(error.inputs, raw[_SELECTOR:])
        told = reverted(error.name, list(zip(error.parameters, values, strict=True)))
    return OversightRefused(told.error, told.value, told.rule, told.remedy)
