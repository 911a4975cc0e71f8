"""What the node wrote down beside its operations: histories, calls, refusals, receipts taken, its checkpoint."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from bench.chaos.evidence import Evidence, Row
from bench.chaos.found import Found
from node_api.chain.rpc_values import quantity, text
from node_api.domain.operations import ItemOutcome, Operation, OperationState

_SHOWN = 5
_AT_ONCE = re.compile(r"received refused")
_CARRIED = re.compile(r"received( queued sent)+ (succeeded|refused|failed)")
"""A call that is given up puts its items back into the queue."""


def check_records(found: Found, evidence: Evidence) -> None:
    """All of it."""
    for operation in evidence.operations:
        _check_history(found, operation)
    _check_calls(found, evidence)
    _check_refusals(found, evidence)
    _check_claims(found, evidence)
    stands = evidence.head.number, evidence.head.hash
    found.require(
        evidence.checkpoint == stands, f"the index was left at {evidence.checkpoint}, the chain is at {stands}"
    )


def _check_history(found: Found, operation: Operation) -> None:
    """It was received, queued and sent if it was carried, and came to exactly one final state, which was the last."""
    path = " ".join(change.state.value for change in operation.history)
    carried = any(item.transaction for item in operation.items)
    fine = (_CARRIED if carried else _AT_ONCE).fullmatch(path) and path.endswith(f" {operation.state.value}")
    fine = fine and all(item.state.final for item in operation.items)
    states = [item.state.value for item in operation.items]
    found.require(bool(fine), f"{operation.id} went {path.replace(' ', ' → ')}, its items are {states}")
    ordered = all(before.at <= after.at for before, after in pairwise(operation.history))
    found.require(ordered, f"{operation.id} came to its states at {[change.at for change in operation.history]}")
    found.checked["operations"] += 1


def _check_calls(found: Found, evidence: Evidence) -> None:
    """No call is left open; those that were resolved are on the chain, and their nonces are the relayer's, none left out."""
    open_calls = [one for one in evidence.calls if one["state"] == "signed"]
    found.require(not open_calls, f"{len(open_calls)} calls without an end")
    resolved = sorted((one for one in evidence.calls if one["state"] == "resolved"), key=lambda one: int(one["nonce"]))
    nonces, first = [one["nonce"] for one in resolved], evidence.first_nonce
    found.require(nonces == list(range(first, first + len(nonces))), f"nonces from {first}: {nonces[:20]} …")
    for one in resolved:
        receipt, name = evidence.receipts[bytes(one["hash"])], f"call 0x{one['hash'].hex()}"
        if receipt is None:
            found.faults.append(f"{name} is resolved, and not on the chain")
            continue
        number = quantity(receipt["blockNumber"])
        block = number, text(receipt["blockHash"]), evidence.blocks[number].timestamp
        said = one["block"], "0x" + (one["block_hash"] or b"").hex(), one["block_time"]
        found.require(said == block, f"{name} is said to stand in {said}, it stands in {block}")
        found.checked["calls in the block that they are said to stand in"] += said == block
    found.checked["calls given up for others"] += len(evidence.calls) - len(resolved) - len(open_calls)


def _check_refusals(found: Found, evidence: Evidence) -> None:
    """The log has one line for every item refused at once, and no other."""
    wanted = [_line(*one) for one in _placed(evidence) if one[2].refusal is not None and not one[2].refusal.on_chain]
    has = [
        (
            one["operation"],
            one["position"],
            one["merchant"],
            one["voucher"],
            _hex(one, "digest"),
            one["reason"],
            one["value"],
        )
        for one in evidence.refusals
    ]
    _require_same(found, "the refusal log", Counter(has), Counter(wanted))
    found.checked["lines of the refusal log"] += len(has)


def _line(operation: str, position: int, item: ItemOutcome) -> tuple[object, ...]:
    refusal, work = item.refusal, item.work
    assert refusal is not None
    return operation, position, work.item.merchant, refusal.voucher, work.digest, refusal.reason, refusal.value


def _check_claims(found: Found, evidence: Evidence) -> None:
    """A receipt is taken by what succeeded, or is still to, and free again after a refusal."""
    lost = {OperationState.REFUSED, OperationState.FAILED}
    wanted = [
        (item.work.programme, item.work.item.merchant, item.work.item.receipt, operation, position)
        for operation, position, item in _placed(evidence)
        if item.state not in lost
    ]
    has = [
        (one["programme"], one["merchant"], _hex(one, "receipt"), one["operation"], one["position"])
        for one in evidence.claims
    ]
    _require_same(found, "claims on receipts", Counter(has), Counter(wanted))
    found.checked["claims on receipts"] += len(has)


def _placed(evidence: Evidence) -> Iterable[tuple[str, int, ItemOutcome]]:
    for operation in evidence.operations:
        for position, item in enumerate(operation.items):
            yield operation.id, position, item


def _require_same(
    found: Found, what: str, has: Counter[tuple[object, ...]], wanted: Counter[tuple[object, ...]]
) -> None:
    missing, strange = list((wanted - has).elements()), list((has - wanted).elements())
    fault = (
        f"{what}: {len(missing)} missing {missing[:_SHOWN]}, {len(strange)} that nothing stands for {strange[:_SHOWN]}"
    )
    found.require(not missing and not strange, fault)


def _hex(row: Row, name: str) -> str:
    return "0x" + bytes(row[name]).hex()
