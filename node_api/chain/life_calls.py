"""How each command about publications and validity reads as a contract call."""

from __future__ import annotations

from eth_abi.abi import encode

from node_api.chain.eip712 import as_hash
from node_api.chain.hashing import keccak
from node_api.chain.keys import KeyRole
from node_api.chain.pipeline import Call
from node_api.domain.ids import Hash
from node_api.domain.publication import PublishedText
from node_api.domain.validity import ValidityPolicy
from node_api.services.ports import life_commands as c
from node_api.services.ports.treasury_terms import BatchTerms

_REGISTRY = "ProgrammeRegistry"
_STEP, _TEXT, _TEXT_BYTE, _CLASS, _ROW = 200_000, 400_000, 800, 30_000, 40_000
_NO_HASH = bytes(32)


def life_call(command: object) -> Call | None:
    """The call that carries a command out, its gas a bound well above what was measured; None for any other."""
    match command:
        case c.SetPublication():
            how, conditions = _text(command.terms.how_to_use), _text(command.terms.conditions)
            gas = _TEXT + _TEXT_BYTE * len((how[1] + conditions[1]).encode())
            arguments = (command.programme, (command.terms.notice, *how, *conditions))
            return Call(KeyRole.TREASURER, _REGISTRY, "setPublication", arguments, gas)
        case c.RejectProgramme():
            return _reasoned(KeyRole.APPROVER, "reject", command.programme, command.reason)
        case _:
            return _policy_call(command) or _exception_call(command)


def _policy_call(command: object) -> Call | None:
    match command:
        case c.ProposePolicy(policy=policy):
            classes = len(policy.faces) + len(policy.difficulties)
            gas = _TEXT + _CLASS * classes + _ROW * len(policy.rows) + _TEXT_BYTE * len(command.reason.encode())
            return Call(KeyRole.TREASURER, _REGISTRY, "proposePolicy", (policy_tuple(policy), command.reason), gas)
        case c.ApprovePolicy():
            return Call(KeyRole.APPROVER, _REGISTRY, "approvePolicy", (command.policy,), _STEP)
        case c.WithdrawPolicy():
            return _reasoned(KeyRole.TREASURER, "withdrawPolicy", command.policy, command.reason)
        case c.RejectPolicy():
            return _reasoned(KeyRole.APPROVER, "rejectPolicy", command.policy, command.reason)
        case _:
            return None


def _exception_call(command: object) -> Call | None:
    match command:
        case c.ProposeException():
            gas = _STEP + _TEXT_BYTE * len(command.reason.encode())
            arguments = (command.ref, batch_tuple(command.terms), command.reason)
            return Call(KeyRole.TREASURER, _REGISTRY, "proposeException", arguments, gas)
        case c.GrantException():
            return Call(KeyRole.APPROVER, _REGISTRY, "grantException", (_bytes(command.exception),), _STEP)
        case c.RejectException():
            return _reasoned(KeyRole.APPROVER, "rejectException", _bytes(command.exception), command.reason)
        case _:
            return None


def policy_tuple(policy: ValidityPolicy) -> tuple[object, ...]:
    """`ValidityPolicy` of `Policy.sol`."""
    rows = [(row.category, row.face_class, row.difficulty_class, row.shortest, row.longest) for row in policy.rows]
    return (list(policy.faces), list(policy.difficulties), rows)


def exception_id(ref: str, terms: BatchTerms) -> Hash:
    """The hash that names an exception: of the batch's reference and all its terms, so each kind has one of its own."""
    numbers = batch_tuple(terms)
    encoded = encode(["string", f"({','.join(['uint256'] * len(numbers))})"], [ref, numbers])
    return as_hash(keccak(encoded))


def batch_tuple(terms: BatchTerms) -> tuple[object, ...]:
    """`BatchTerms` of `Supply.sol`."""
    return (
        terms.programme,
        terms.line,
        terms.kind,
        terms.face,
        terms.minimum_spend,
        terms.percentage,
        terms.categories,
        terms.region,
        terms.channels,
        terms.valid_from,
        terms.valid_until,
        terms.claim_days,
        terms.quota,
    )


def _text(text: PublishedText | None) -> tuple[bytes, str]:
    return (_NO_HASH, "") if text is None else (_bytes(text.hash), text.uri)


def _reasoned(role: KeyRole, function: str, what: object, reason: str) -> Call:
    return Call(role, _REGISTRY, function, (what, reason), _STEP + _TEXT_BYTE * len(reason.encode()))


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))
