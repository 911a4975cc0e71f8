"""Codes whose holder named no merchant: what the rules ask of them, as `VouchersOpen.sol` does."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.ids import UnixSeconds, VoucherId
from node_api.domain.items import Item
from node_api.domain.models import Rules

MAX_OPEN_SECONDS = 300
"""How far ahead the deadline of an open code may lie at most, whatever the rules say."""


def judge_open(
    item: Item, versions: Sequence[Rules], first: VoucherId, now: UnixSeconds, *, answered: bool
) -> Refusal | None:
    """By the strictest of the vouchers' versions; None for a code that names its merchant.

    Args:
        item: what is redeemed.
        versions: those its vouchers' batches were opened under, one at least.
        first: its first voucher, which the refusal names.
        now: time of the block.
        answered: whether a terminal sent or signed it.
    """
    max_bill = item.max_bill
    if max_bill is None:
        return None
    shut = next((rules for rules in versions if not rules.open_seconds), None)
    if shut is not None:
        return no.OpenCodeNotAllowed(f"programme {shut.programme}, rules version {shut.version}", first)
    if not answered:
        return no.OpenCodeUnanswered(f"merchant {item.merchant}", first)
    latest = now + min(rules.open_seconds for rules in versions)
    if item.deadline > latest:
        return no.OpenDeadlineTooFar(f"deadline {item.deadline}, latest {latest}", first)
    if item.bill > max_bill:
        return no.OpenBillTooHigh(f"bill {item.bill}, signed for {max_bill}", first)
    limit = min(rules.open_max_bill for rules in versions)
    if item.bill > limit:
        return no.OpenBillLimitPassed(f"bill {item.bill}, at most {limit}", first)
    return None
