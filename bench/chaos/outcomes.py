"""The chain redeemed what succeeded, once, and nothing else; what was refused, was for a reason that is there, in its time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeVar

from bench.chaos.evidence import Evidence, Logged
from bench.chaos.found import Found
from bench.chaos.shopping import EXPIRED, RECEIPT_USED, SPENT
from node_api.chain.redeem_codec import REASONS
from node_api.domain.events import RedemptionRefused, VoucherRedeemed
from node_api.domain.ids import VoucherId
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, OperationState, RefusalNote

E = TypeVar("E", VoucherRedeemed, RedemptionRefused)
_SHOWN = 5
_STILL_SECONDS = 120
"""Longest that the chain makes no block: the next one's time, which the node judges by, is no later than that."""


def check_outcomes(found: Found, evidence: Evidence) -> None:
    """Of every item."""
    items = [item for one in evidence.operations for item in one.items]
    redeemed, refused = _by_digest(evidence.redeemed), _by_digest(evidence.refused)
    _check_once(found, evidence, items)
    done = _Done(items)
    reasons = {digest: one.reason for one in evidence.asked for digest in one.digests}
    for item in items:
        stands, says_no = redeemed.pop(item.work.digest, []), refused.pop(item.work.digest, [])
        if item.state is OperationState.SUCCEEDED:
            _check_redeemed(found, item, stands)
        else:
            found.require(not stands, f"{_name(item)} is {item.state} {item.refusal}, and the chain redeemed it")
            _check_refused(found, evidence, item, done, reasons.get(item.work.digest))
        _check_says_no(found, evidence, item, says_no)
        found.checked["items"] += 1
    found.require(not redeemed, f"on the chain and in no operation: {list(redeemed)[:_SHOWN]}")
    found.require(not refused, f"refused on the chain and in no operation: {list(refused)[:_SHOWN]}")
    found.checked["redemptions on the chain"] += len(evidence.redeemed)
    found.checked["refusals on the chain"] += len(evidence.refused)


class _Done:
    """Vouchers and receipts of what succeeded."""

    def __init__(self, items: Sequence[ItemOutcome]) -> None:
        done = [item.work.item for item in items if item.state is OperationState.SUCCEEDED]
        self.vouchers: set[VoucherId] = {spend.voucher for item in done for spend in item.spends}
        self.receipts = {(item.merchant, item.receipt) for item in done}


def _by_digest(logged: Sequence[Logged[E]]) -> dict[str, list[Logged[E]]]:
    found: dict[str, list[Logged[E]]] = defaultdict(list)
    for log in logged:
        found["0x" + (log.event.digest or b"").hex()].append(log)
    return found


def _check_once(found: Found, evidence: Evidence, items: Sequence[ItemOutcome]) -> None:
    """No voucher is spent twice, and no receipt."""
    vouchers = Counter(log.event.voucher for log in evidence.redeemed)
    receipts = Counter((log.event.merchant, log.event.receipt) for log in evidence.redeemed)
    for what, times in (("redeemed", vouchers), ("a receipt used", receipts)):
        twice = [one for one, count in times.items() if count > 1]
        found.require(not twice, f"{what} more than once: {twice[:_SHOWN]}")
    digests = Counter(item.work.digest for item in items)
    found.require(set(digests.values()) <= {1}, "one signature stands in two items")


def _check_redeemed(found: Found, item: ItemOutcome, stands: Sequence[Logged[VoucherRedeemed]]) -> None:
    """What was signed, is what the node says was redeemed, and what the chain has."""
    signed = item.work.item
    wanted = [(spend.voucher, spend.amount, signed.merchant, signed.receipt) for spend in signed.spends]
    logged = [log.event for log in stands]
    has = [(one.voucher, one.amount, one.merchant, "0x" + one.receipt.hex()) for one in logged]
    found.require(has == wanted, f"{_name(item)} is signed for {wanted}, the chain has {has}")
    told = [(spent.voucher, spent.amount, spent.number, item.transaction) for spent in item.spent]
    fact = [(log.event.voucher, log.event.amount, log.event.number, log.transaction) for log in stands]
    found.require(told == fact, f"{_name(item)} succeeded with {told}, the chain has {fact}")


def _check_refused(found: Found, evidence: Evidence, item: ItemOutcome, done: _Done, meant: str | None) -> None:
    """Nothing but a code that expired, a voucher that a rival spent, and a receipt that was used before."""
    refusal, signed = item.refusal, item.work.item
    if refusal is None or refusal.reason != meant:
        found.faults.append(
            f"{_name(item)} ended as {item.state.value}, to be refused for {meant}: {refusal} {item.fault}"
        )
        return
    where = "on chain" if refusal.on_chain else "at once"
    first = signed.spends[0].voucher
    found.require(refusal.voucher == first, f"{_name(item)} is refused for voucher {refusal.voucher}")
    if meant == EXPIRED:
        _check_expired(found, evidence, item, refusal)
        found.checked[f"codes expired, refused {where}"] += 1
    elif meant == SPENT:
        fine = {spend.voucher for spend in signed.spends} <= done.vouchers
        found.require(fine, f"{_name(item)} is refused as redeemed already, and nobody redeemed it")
        found.checked[f"rivals, refused {where}"] += 1
    elif meant == RECEIPT_USED:
        fine = (signed.merchant, signed.receipt) in done.receipts and not refusal.on_chain
        found.require(fine, f"{_name(item)} is refused {where} for its receipt, which nobody used")
        found.checked["receipts used before, refused at once"] += 1
    told = {EXPIRED: str(signed.deadline), SPENT: str(first), RECEIPT_USED: signed.receipt}[meant]
    named = str(first) if refusal.on_chain else told
    found.require(named in refusal.value, f"{_name(item)} is refused, and {refusal.value!r} does not name {named}")


def _check_expired(found: Found, evidence: Evidence, item: ItemOutcome, refusal: RefusalNote) -> None:
    """The code had expired by the block that decided it; at once, by the next one, which a jump of the clock makes much later."""
    deadline = item.work.item.deadline
    if refusal.on_chain:
        at = 0 if item.block is None else evidence.blocks.get(item.block.number, item.block).timestamp
        found.require(deadline <= at, f"{_name(item)} expires at {deadline}, refused in a block of {at}")
        return
    judged = item.work.judged
    if deadline <= judged.timestamp + _STILL_SECONDS:
        return
    when = [one["at"] for one in evidence.refusals if "0x" + one["digest"].hex() == item.work.digest]
    over = [block for began, block in evidence.jumps if judged.number < block and when and 1_000 * began <= min(when)]
    fine = any(deadline <= evidence.blocks[block].timestamp for block in over)
    found.require(fine, f"{_name(item)} expires at {deadline}, refused at once on a block of {judged.timestamp}")


def _check_says_no(
    found: Found, evidence: Evidence, item: ItemOutcome, says_no: Sequence[Logged[RedemptionRefused]]
) -> None:
    """What is said to be refused on chain, the chain refused, once, for that reason; it was judged on the chain's blocks."""
    refusal = item.refusal
    wanted = []
    if refusal is not None and refusal.on_chain:
        wanted.append((refusal.voucher, item.work.item.merchant, refusal.reason, item.transaction))
    has = [
        (log.event.voucher, log.event.merchant, REASONS.get(log.event.reason, "unknown"), log.transaction)
        for log in says_no
    ]
    found.require(has == wanted, f"{_name(item)} is said to be refused on chain: {wanted}, the chain has {has}")
    _check_judged(found, evidence, item.work.judged, _name(item))


def _check_judged(found: Found, evidence: Evidence, judged: BlockRef, name: str) -> None:
    """The block it was judged on is the chain's, or was before blocks were taken back."""
    fine = evidence.blocks.get(judged.number) == judged or evidence.had(judged)
    found.require(fine, f"{name} was judged on {judged}, the chain has {evidence.blocks.get(judged.number)}")


def _name(item: ItemOutcome) -> str:
    return f"item {item.work.digest[:10]} of voucher {item.work.item.spends[0].voucher}"
