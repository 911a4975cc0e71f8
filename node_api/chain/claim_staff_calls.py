"""How each command about claims reads as a contract call."""

from __future__ import annotations

from node_api.chain.keys import KeyRole
from node_api.chain.pipeline import Call
from node_api.services.ports import claim_commands as c

_DESK = "CaseDesk"
_GAS, _TEXT_BYTE, _BATCH = 400_000, 100, 150_000


def claim_staff_call(command: object) -> Call | None:
    """The call that carries a command out, its gas a bound well above what was measured; None where it is not about claims."""
    match command:
        case c.ProposeRoot(programme=programme, root=root, reason=reason):
            return _reasoned("proposeRoot", programme, root, reason)
        case c.WithdrawRoot(programme=programme, root=root, reason=reason):
            return _reasoned("withdrawRoot", programme, root, reason)
        case c.ApproveRoot(programme=programme, root=root):
            return Call(KeyRole.APPROVER, _DESK, "approveRoot", (programme, _raw(root)), _GAS)
        case c.OpenRound(programme=programme):
            batches = list(command.batches)
            terms = (command.places, command.opens_at, command.closes_at, _raw(command.root), batches)
            return Call(KeyRole.TREASURER, _DESK, "openRound", (programme, terms), _GAS + _BATCH * len(batches))
        case c.CloseRound(programme=programme, number=number):
            return Call(KeyRole.TREASURER, _DESK, "closeRound", (programme, number), _GAS + 20 * _BATCH)
        case _:
            return None


def _reasoned(function: str, programme: int, root: str, reason: str) -> Call:
    gas = _GAS + _TEXT_BYTE * len(reason.encode())
    return Call(KeyRole.REGISTRAR, _DESK, function, (programme, _raw(root), reason), gas)


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])
