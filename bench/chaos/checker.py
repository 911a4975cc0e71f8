"""Compares what tills were told, the node's database and the chain. The node has ended by then; nothing of it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from bench.chaos.chain import Chain
from bench.chaos.tills import Asked, Street, Verdict
from node_api.chain.contracts import contract
from node_api.chain.events import decoders
from node_api.chain.rpc_values import data, quantity, record, rows, text
from node_api.domain.events import VoucherRedeemed
from node_api.domain.ids import VoucherId
from node_api.domain.operations import ItemOutcome, Operation, OperationState
from node_api.record import Record, compare_with_rebuild
from node_api.services.reconciling import reconcile
from node_api.storage import operation_tables as t
from node_api.storage.engine import reading
from node_api.storage.operations import Operations

_PAGE = 500
_SHOWN = 5


@dataclass(slots=True)
class Found:
    """What a check found, and how much it looked at."""

    faults: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def require(self, fine: bool, fault: str) -> None:
        """Keeps a fault where something is not as it must be."""
        if not fine:
            self.faults.append(fault)


@dataclass(frozen=True, slots=True)
class Logged:
    """A redemption that the chain logged, and the transaction it stands in."""

    event: VoucherRedeemed
    transaction: str


def check(record: Record, chain: Chain, street: Street, vouchers: str, first_nonce: int) -> Found:
    """Everything.

    Args:
        record: the node's, on the chain itself.
        chain: likewise.
        street: what tills were told.
        vouchers: address of `Vouchers`.
        first_nonce: of the relayer, before the node's first call.
    """
    found = Found(list(street.faults))
    with reading(record.engine) as connection:
        ids = list(connection.execute(select(t.operations.c.id)).scalars())
    known = {one.id: one for one in Operations(record.engine).get(ids) if one is not None}
    logged = _logged(chain, vouchers)
    record.indexer.catch_up()
    _check_told(found, street.asked, known)
    _check_ends(found, known.values())
    _check_chain(found, [item for one in known.values() for item in one.items], logged, chain.now())
    _check_calls(found, record, chain, first_nonce)
    _check_index(found, record)
    return found


def _check_told(found: Found, asked: Sequence[Asked], known: Mapping[str, Operation]) -> None:
    """Every key has its one operation, and every final answer to it was the same, and is what the database holds."""
    kept = {one.key: one for one in known.values()}
    found.require(len(kept) == len(known) == len(asked), f"{len(asked)} keys, {len(known)} operations")
    for one in asked:
        operation = kept.get(one.key)
        if operation is None:
            found.faults.append(f"{one.key} was taken in and is gone")
            continue
        holds = Verdict(operation.id, operation.state.value, tuple(map(_said, operation.items)))
        for told in one.told:
            found.require(told == holds, f"{one.key} was told {told}, the database holds {holds}")
        found.require(bool(one.told), f"{one.key} was never told an end")
        found.checked["keys"] += 1
        found.checked["final answers compared"] += len(one.told)


def _said(item: ItemOutcome) -> tuple[str, str | None]:
    return item.state.value, None if item.refusal is None else item.refusal.reason


def _check_ends(found: Found, operations: Iterable[Operation]) -> None:
    """Each operation came to exactly one final state, and that was the last."""
    for one in operations:
        states = [change.state for change in one.history]
        finals = [state for state in states if state.final]
        fine = finals == [one.state] and states[-1] is one.state and all(item.state.final for item in one.items)
        found.require(fine, f"{one.id} went {' → '.join(states)}, its items are {[i.state.value for i in one.items]}")
        found.checked["operations"] += 1


def _check_chain(found: Found, items: Sequence[ItemOutcome], logged: Sequence[Logged], now: int) -> None:
    """The chain redeemed what succeeded, once, and nothing else; what was refused, was for a reason that is there."""
    by_digest: dict[str, list[Logged]] = defaultdict(list)
    for log in logged:
        by_digest["0x" + log.event.digest.hex()].append(log)
    times = Counter(log.event.voucher for log in logged)
    found.require(set(times.values()) <= {1}, f"redeemed more than once: {[v for v, n in times.items() if n > 1]}")
    spent = {spend.voucher for item in items if item.state is OperationState.SUCCEEDED for spend in item.spent}
    for item in items:
        stands = by_digest.pop(item.work.digest, [])
        if item.state is OperationState.SUCCEEDED:
            _check_redeemed(found, item, stands)
        else:
            found.require(not stands, f"{_name(item)} is {_said(item)}, and the chain redeemed it")
            _check_refused(found, item, spent, now)
        found.checked["items"] += 1
    found.require(not by_digest, f"on the chain and in no operation: {list(by_digest)[:_SHOWN]}")
    found.checked["redemptions on the chain"] += len(logged)


def _check_redeemed(found: Found, item: ItemOutcome, stands: Sequence[Logged]) -> None:
    told = [(spent.voucher, spent.amount, spent.number, item.transaction) for spent in item.spent]
    fact = [(log.event.voucher, log.event.amount, log.event.number, log.transaction) for log in stands]
    found.require(told == fact, f"{_name(item)} succeeded with {told}, the chain has {fact}")


def _check_refused(found: Found, item: ItemOutcome, spent: set[VoucherId], now: int) -> None:
    """Nothing but a code that expired and a voucher that a rival spent."""
    reason = None if item.refusal is None else item.refusal.reason
    where = "on chain" if item.refusal is not None and item.refusal.on_chain else "at once"
    if reason == "DeadlinePassed":
        found.require(
            item.work.item.deadline <= now, f"{_name(item)} expires at {item.work.item.deadline}, it is {now}"
        )
        found.checked[f"codes expired, refused {where}"] += 1
    elif reason == "AlreadyRedeemed":
        mine = {spend.voucher for spend in item.work.item.spends}
        found.require(mine <= spent, f"{_name(item)} is refused as redeemed already, and nobody redeemed it")
        found.checked[f"rivals, refused {where}"] += 1
    else:
        found.faults.append(f"{_name(item)} ended as {item.state.value}: {item.refusal} {item.fault}")


def _name(item: ItemOutcome) -> str:
    return f"item {item.work.digest[:10]} of voucher {item.work.item.spends[0].voucher}"


def _check_calls(found: Found, record: Record, chain: Chain, first_nonce: int) -> None:
    """No call is left open; those that were resolved are on the chain, and their nonces are the relayer's, none left out."""
    with reading(record.engine) as connection:
        calls = connection.execute(select(t.outbox_calls)).mappings().all()
    open_calls = [one for one in calls if one["state"] == "signed"]
    found.require(not open_calls, f"{len(open_calls)} calls without an end")
    resolved = sorted((one for one in calls if one["state"] == "resolved"), key=lambda one: int(one["nonce"]))
    nonces = [one["nonce"] for one in resolved]
    found.require(
        nonces == list(range(first_nonce, first_nonce + len(nonces))), f"nonces from {first_nonce}: {nonces[:20]} …"
    )
    receipts = chain.receipts(["0x" + one["hash"].hex() for one in resolved])
    for one, receipt in zip(resolved, receipts, strict=True):
        found.require(receipt is not None, f"call 0x{one['hash'].hex()} is resolved, and not on the chain")
        stands = receipt is not None and data(receipt["blockHash"]) == one["block_hash"]
        found.require(stands, f"call 0x{one['hash'].hex()} is said to stand in another block than it does")
        found.checked["calls in the block that they are said to stand in"] += stands
    found.checked["calls given up for others"] += len(calls) - len(resolved) - len(open_calls)


def _check_index(found: Found, record: Record) -> None:
    """The index is what a rebuild makes, and every sum is what the contracts' words say."""
    number, differences = compare_with_rebuild(record, _PAGE)
    for one in differences:
        found.faults.append(f"index at block {number}: {one.table} has {one.index}, a rebuild {one.rebuilt}")
    found.checked["index digests equal to a rebuild"] += not differences
    if differences:
        return
    with record.reads.at_head() as reader:
        outcome = reconcile(reader, record.ledger)
    found.require(not outcome.differences, f"reconciliation: {outcome.differences[:_SHOWN]}")
    found.checked["sums reconciled"] += len(outcome.checks)


def _logged(chain: Chain, vouchers: str) -> list[Logged]:
    """Every redemption of the chain, in its order."""
    topic = "0x" + contract("Vouchers").topics["VoucherRedeemed"].hex()
    logs = chain.rpc.call("eth_getLogs", [{"fromBlock": "0x0", "address": vouchers, "topics": [topic]}])
    found, decode = [], decoders()["Vouchers"][topic]
    for log in sorted(
        map(record, rows(logs)), key=lambda one: (quantity(one["blockNumber"]), quantity(one["logIndex"]))
    ):
        for event in decode([text(topic) for topic in rows(log["topics"])], data(log["data"])):
            assert isinstance(event, VoucherRedeemed)
            found.append(Logged(event, text(log["transactionHash"])))
    return found
