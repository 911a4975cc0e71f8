"""What of a voucher is redeemed or booked, by its kind: the same as `RedemptionKinds.sol`."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.ids import NOTHING, Amount
from node_api.domain.items import Item, Spend
from node_api.domain.models import Batch, Taken, VoucherKind

WHOLE = 10_000
"""Basis points."""


def judge_amount(spend: Spend, batch: Batch, taken: Taken, bill: int) -> Refusal | None:
    """Whether the amount and sequence signed are such as the voucher's kind allows."""
    voucher = spend.voucher
    if batch.kind == VoucherKind.FIXED:
        if spend.amount == batch.face and spend.sequence == 0:
            return None
        value = f"voucher {voucher}, amount {spend.amount}, sequence {spend.sequence}, face value {batch.face}"
        return no.AmountMismatch(value, voucher)
    if spend.sequence != taken.sequence:
        return no.SequenceMismatch(f"voucher {voucher}, sequence {spend.sequence}, next {taken.sequence}", voucher)
    rest = rest_of(batch, taken)
    if not 0 < spend.amount <= rest:
        return no.AmountOutside(f"voucher {voucher}, amount {spend.amount}, at most {rest}", voucher)
    if amount_of(spend, batch, bill) == 0:
        return no.NothingOff(f"voucher {voucher}, bill {bill}, {batch.percentage} basis points", voucher)
    return None


def rest_of(batch: Batch, taken: Taken) -> Amount:
    """What of a voucher's value was neither redeemed nor booked."""
    return Amount(batch.face - taken.spent - taken.booked)


def left_of(batch: Batch, taken: Taken, *, redeemed: bool) -> Amount:
    """What a voucher still gives: nothing once it is redeemed, though a percentage may have taken less than its cap."""
    return NOTHING if redeemed else rest_of(batch, taken)


def amount_of(spend: Spend, batch: Batch, bill: int) -> Amount:
    """What is redeemed by a spend that was judged: exactly what was signed, of a percentage at most."""
    if batch.kind != VoucherKind.PERCENTAGE:
        return spend.amount
    return Amount(min(spend.amount, bill * batch.percentage // WHOLE))


def amounts_of(item: Item, batches: Sequence[Batch]) -> list[Amount]:
    """What an item redeems of each of its vouchers, whose batches are given in its order."""
    return [amount_of(spend, batch, item.bill) for spend, batch in zip(item.spends, batches, strict=True)]
