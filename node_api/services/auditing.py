"""Reports on one programme and on one merchant, as of a block."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import MerchantUnknown, ProgrammeUnknown
from node_api.domain.ids import MERCHANT_IDS, Address, Amount, MerchantId, ProgrammeId
from node_api.domain.merchant_life import PayoutChange
from node_api.domain.models import BlockRef, BudgetLine, Merchant, Programme, Rules
from node_api.domain.settlement import BudgetMove
from node_api.domain.trail import Deposit, MerchantDay, Payment, Refusal, Rest, Step, Totals
from node_api.services.ports.auditing import AuditReader


@dataclass(frozen=True, slots=True)
class ProgrammeReport:
    """A programme: its terms, who decided what, its money by line, and how much of it was used."""

    block: BlockRef
    programme: Programme
    rules: Rules | None
    steps: list[Step]
    lines: list[BudgetLine]
    deposits: list[Deposit]
    rests: list[Rest]
    moves: list[BudgetMove]
    totals: Totals


@dataclass(frozen=True, slots=True)
class MerchantReport:
    """A merchant: what it is vetted for, its accounts, its days, what it was paid, what was refused, disputed and taken back.

    Attributes:
        reversed: all that was taken back, `reversed_count` redemptions, of which `reversals` may list a part.
        refused: all items refused on chain, of which `refusals` may list a part.
    """

    block: BlockRef
    merchant: Merchant
    accounts: list[tuple[Address, str]]
    steps: list[Step]
    payouts: list[PayoutChange]
    days: list[MerchantDay]
    payments: list[Payment]
    refusals: list[Refusal]
    disputes: list[Dispute]
    reversals: list[Reversal]
    reversed: Amount
    reversed_count: int
    refused: int


def find_programme(reader: AuditReader, name: str) -> Programme:
    """The programme of this number or text reference. Raises ProgrammeUnknown, also where two are named so."""
    referred, number = reader.programme_by_ref(name), _number(name)
    numbered = None if number is None else reader.programme(ProgrammeId(min(number, 1 << 24)))
    if referred is not None and numbered is not None and referred.id != numbered.id:
        raise ProgrammeUnknown(_either("programme", name, numbered.ref, referred.id))
    found = referred or numbered
    if found is None:
        raise ProgrammeUnknown(f"no programme {name!r} at block {reader.block.number}")
    return found


def find_merchant(reader: AuditReader, name: str) -> Merchant:
    """The merchant of this number or text reference. Raises MerchantUnknown, also where two are named so."""
    referred, number = reader.merchant_by_ref(name), _number(name)
    numbered = None if number is None else reader.merchant(MerchantId(min(number, MERCHANT_IDS)))
    if referred is not None and numbered is not None and referred.id != numbered.id:
        raise MerchantUnknown(_either("merchant", name, numbered.ref, referred.id))
    found = referred or numbered
    if found is None:
        raise MerchantUnknown(f"no merchant {name!r} at block {reader.block.number}")
    return found


_MOST_DIGITS = 64
"""A reference has no more characters, and no number as many."""


def _number(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS else None


def _either(what: str, name: str, ref: str, number: int) -> str:
    return (
        f"{name!r} is the number of {what} {ref!r}, and the reference of {what} {number}: "
        f"write the number meant with a zero before it, 0{name} or 0{number}"
    )


def programme_report(reader: AuditReader, programme: Programme) -> ProgrammeReport:
    """Everything about a programme as of the reader's block."""
    lines = reader.lines(programme.id)
    return ProgrammeReport(
        block=reader.block,
        programme=programme,
        rules=reader.rules(programme.id, programme.rules_version),
        steps=reader.programme_steps(programme.id),
        lines=lines,
        deposits=[deposit for line in lines for deposit in reader.deposits(line.id)],
        rests=[rest for line in lines for rest in reader.rests(line.id)],
        moves=reader.budget_moves(programme.id),
        totals=reader.totals(programme.id),
    )


def merchant_report(reader: AuditReader, merchant: Merchant) -> MerchantReport:
    """Everything about a merchant as of the reader's block; of its refusals the newest thousand, of its cases the oldest."""
    taken_back, taken_back_count = reader.reversed_sum(merchant.id)
    return MerchantReport(
        block=reader.block,
        merchant=merchant,
        accounts=reader.accounts_of(merchant.id),
        steps=reader.merchant_steps(merchant.id),
        payouts=reader.payout_changes(merchant.id),
        days=reader.merchant_days(merchant.id),
        payments=reader.payments(merchant.id),
        refusals=reader.refusals(merchant=merchant.id, limit=1_000),
        disputes=reader.disputes(merchant=merchant.id, limit=1_000),
        reversals=reader.reversals(merchant=merchant.id, limit=1_000),
        reversed=taken_back,
        reversed_count=taken_back_count,
        refused=reader.refused_at(merchant.id),
    )
