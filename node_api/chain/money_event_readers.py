"""The events of settlement runs, moving budget and merchants' changes: arguments by name to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of, struct_of, text_of
from node_api.domain.events import Event, MerchantStep
from node_api.domain.merchant_events import MerchantTermsStep, PayoutStep, TerminalLimited
from node_api.domain.money_events import (
    BudgetMoved,
    BudgetMoveProposed,
    BudgetMoveWithdrawn,
    MoneyMoved,
    PayoutSkipped,
    SettlementEntered,
    TokenStep,
)

# --- Treasury ---


def _token(*, allowed: bool) -> EventReader:
    return lambda a: (TokenStep(bytes_of(a, "token"), allowed, bytes_of(a, "by")),)


def _entered(args: Args) -> tuple[Event, ...]:
    run, line, merchant = number_of(args, "run"), number_of(args, "line"), number_of(args, "merchant")
    return (SettlementEntered(run, line, merchant, number_of(args, "day"), number_of(args, "amount")),)


def _skipped(args: Args) -> tuple[Event, ...]:
    line, merchant, run = number_of(args, "line"), number_of(args, "merchant"), number_of(args, "run")
    return (PayoutSkipped(line, merchant, run, number_of(args, "day"), bytes_of(args, "reason")),)


def _move_proposed(args: Args) -> tuple[Event, ...]:
    return (
        BudgetMoveProposed(
            move=number_of(args, "move"),
            from_line=number_of(args, "fromLine"),
            to_line=number_of(args, "toLine"),
            amount=number_of(args, "amount"),
            actor=bytes_of(args, "by"),
            reason=text_of(args, "reason"),
        ),
    )


def _move_withdrawn(args: Args) -> tuple[Event, ...]:
    return (BudgetMoveWithdrawn(number_of(args, "move"), bytes_of(args, "by"), text_of(args, "reason")),)


def _budget_moved(args: Args) -> tuple[Event, ...]:
    from_line, to_line, amount = number_of(args, "fromLine"), number_of(args, "toLine"), number_of(args, "amount")
    return (BudgetMoved(from_line, to_line, amount, bytes_of(args, "proposer"), bytes_of(args, "approver")),)


def _money_moved(args: Args) -> tuple[Event, ...]:
    move, from_line = number_of(args, "move"), number_of(args, "fromLine")
    return (MoneyMoved(move, from_line, number_of(args, "toLine"), number_of(args, "amount")),)


# --- MerchantRegistry ---


def _reasoned(name: str) -> EventReader:
    return lambda a: (MerchantStep(number_of(a, "merchant"), name, bytes_of(a, "by"), text_of(a, "reason")),)


def _terms(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        terms = struct_of(args, "terms", "categories region channels payout")  # MerchantTerms
        return (
            MerchantTermsStep(
                merchant=number_of(args, "merchant"),
                name=name,
                categories=number_of(terms, "categories"),
                region=number_of(terms, "region"),
                channels=number_of(terms, "channels"),
                payout=bytes_of(terms, "payout"),
                actor=bytes_of(args, "by"),
            ),
        )

    return reader


def _payout(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        ripe_at = number_of(args, "ripeAt") if "ripeAt" in args else 0
        reason = text_of(args, "reason") if "reason" in args else ""
        account, actor = bytes_of(args, "account"), bytes_of(args, "by")
        return (PayoutStep(number_of(args, "merchant"), name, account, actor, ripe_at, reason),)

    return reader


def _limited(args: Args) -> tuple[Event, ...]:
    limit = number_of(args, "dailyLimit")
    return (TerminalLimited(number_of(args, "merchant"), bytes_of(args, "terminal"), limit, bytes_of(args, "by")),)


MONEY_READERS: Mapping[str, EventReader] = {
    "TokenAllowed": _token(allowed=True),
    "TokenDisallowed": _token(allowed=False),
    "SettlementEntered": _entered,
    "MerchantPayoutSkipped": _skipped,
    "BudgetMoveProposed": _move_proposed,
    "BudgetMoveWithdrawn": _move_withdrawn,
    "BudgetMoved": _budget_moved,
    "MoneyMoved": _money_moved,
    "MerchantRejected": _reasoned("rejected"),
    "MerchantRemovalProposed": _reasoned("removal-proposed"),
    "MerchantRemoved": _reasoned("removed"),
    "MerchantChangeProposed": _terms("proposed"),
    "MerchantChanged": _terms("changed"),
    "PayoutProposed": _payout("proposed"),
    "PayoutChanged": _payout("changed"),
    "PayoutWithdrawn": _payout("withdrawn"),
    "TerminalLimited": _limited,
}
