"""Limits of a redemption: step-up, a holder's, a merchant's, a terminal's; in the order of `VouchersRedemption.sol`.

What a version does not ask for is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.ids import Address, LineId, VoucherId
from node_api.domain.models import Batch, Rules
from node_api.domain.printable import counted


@dataclass(frozen=True, slots=True)
class HolderCounter:
    """What a holder has redeemed in a programme: on this local day, in this local month, ever. Counts are vouchers."""

    day_amount: int = 0
    day_count: int = 0
    month_amount: int = 0
    month_count: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class TerminalDay:
    """A terminal's daily limit, 0 for none, and what it redeemed on this local day."""

    limit: int = 0
    spent: int = 0


class LimitSight(NamedTuple):
    """What the limits see around an item.

    Attributes:
        rules: the versions of the vouchers' batches, by number.
        consented: whether an attestor consented to this redemption.
        counter: the holder's; asked once, only where a version limits holders.
        merchant_day: what was redeemed at the merchant today under a budget line; asked only where a version limits it.
        terminal: of the terminal that answers for the item.
    """

    rules: Mapping[int, Rules] = MappingProxyType({})
    consented: bool = False
    counter: Callable[[], HolderCounter] = HolderCounter
    merchant_day: Callable[[LineId], int] = lambda _line: 0
    terminal: TerminalDay = TerminalDay()


def limits_holder(rules: Rules) -> bool:
    """Whether a version has any limit for each holder."""
    amounts = rules.redemption_amount or rules.day_amount or rules.month_amount
    return bool(amounts or rules.redemption_count or rules.day_count or rules.month_count)


def judge_limits(
    batches: Sequence[Batch],
    versions: Sequence[Rules],
    amounts: Sequence[int],
    holder: Address,
    first: VoucherId,
    sight: LimitSight,
) -> Refusal | None:
    """The first limit that would be passed; the refusal names the item's first voucher.

    Args:
        batches: of the item's vouchers, one for each, all of one programme.
        versions: those among them (`versions_of`).
        amounts: what is redeemed of each.
        holder: whose vouchers they are.
        first: the item's first voucher.
        sight: what stands around them.
    """
    total = sum(amounts)
    return (
        _judge_step_up(versions, total, first, sight)
        or _judge_holder(versions, total, len(batches), holder, first, sight)
        or _judge_merchant_day(batches, amounts, first, sight)
        or _judge_terminal(total, first, sight.terminal)
    )


def versions_of(batches: Sequence[Batch], sight: LimitSight) -> list[Rules]:
    """The versions among the vouchers, in the order of their first voucher."""
    numbers = dict.fromkeys(batch.rules_version for batch in batches)
    return [sight.rules[number] for number in numbers]


def _judge_step_up(versions: Sequence[Rules], amounts: int, first: VoucherId, sight: LimitSight) -> Refusal | None:
    thresholds = [rules.step_up_threshold for rules in versions if rules.step_up_threshold]
    if thresholds and amounts > min(thresholds) and not sight.consented:
        return no.ConsentMissing(f"amounts {amounts}, threshold {min(thresholds)}", first)
    return None


def _judge_holder(
    versions: Sequence[Rules], amounts: int, count: int, holder: Address, first: VoucherId, sight: LimitSight
) -> Refusal | None:
    if not any(limits_holder(rules) or rules.first_only for rules in versions):
        return None
    before = sight.counter()
    for rules in versions:
        refusal = _judge_counter(rules, before, amounts, count, holder, first)
        if refusal is not None:
            return refusal
        if rules.first_only and before.total:
            return no.NotFirstRedemption(f"holder {holder} redeemed {counted(before.total, 'voucher')} before", first)
    return None


def _judge_counter(
    rules: Rules, before: HolderCounter, amounts: int, count: int, holder: Address, first: VoucherId
) -> Refusal | None:
    """By the limits of one version; a limit of 0 is none."""
    if _passes(amounts, rules.redemption_amount) or _passes(count, rules.redemption_count):
        limits = _told(rules.redemption_amount, rules.redemption_count)
        return no.RedemptionLimitPassed(f"holder {holder}: {amounts} in {counted(count, 'voucher')}, {limits}", first)
    day, of_day = before.day_amount + amounts, before.day_count + count
    if _passes(day, rules.day_amount) or _passes(of_day, rules.day_count):
        limits = _told(rules.day_amount, rules.day_count)
        return no.DayLimitPassed(f"holder {holder}: {day} in {counted(of_day, 'voucher')} today, {limits}", first)
    month, of_month = before.month_amount + amounts, before.month_count + count
    if _passes(month, rules.month_amount) or _passes(of_month, rules.month_count):
        limits = _told(rules.month_amount, rules.month_count)
        return no.MonthLimitPassed(
            f"holder {holder}: {month} in {counted(of_month, 'voucher')} this month, {limits}", first
        )
    return None


def _judge_merchant_day(
    batches: Sequence[Batch], amounts: Sequence[int], first: VoucherId, sight: LimitSight
) -> Refusal | None:
    """For each voucher: what the merchant's day has under its line, with all of this item's vouchers of that line."""
    for batch in batches:
        limit = sight.rules[batch.rules_version].merchant_daily_limit
        if not limit:
            continue
        own = [amount for other, amount in zip(batches, amounts, strict=True) if other.line == batch.line]
        total = sight.merchant_day(batch.line) + sum(own)
        if total > limit:
            return no.MerchantLimitPassed(f"{total} today under line {batch.line}, at most {limit}", first)
    return None


def _judge_terminal(amounts: int, first: VoucherId, terminal: TerminalDay) -> Refusal | None:
    if _passes(terminal.spent + amounts, terminal.limit):
        return no.TerminalLimitPassed(f"{terminal.spent + amounts} today, at most {terminal.limit}", first)
    return None


def _passes(total: int, limit: int) -> bool:
    return limit != 0 and total > limit


def _told(amount: int, count: int) -> str:
    vouchers = counted(count, "voucher") if count else "any number of vouchers"
    return f"at most {amount or 'any amount'} in {vouchers}"
