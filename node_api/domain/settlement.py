"""Settlement runs and moves of budget, as the record tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from node_api.domain.ids import Address, Amount, Day, Hash, LineId, MerchantId
from node_api.domain.models import TxRef

K = TypeVar("K")
NOTHING = Amount(0)


class EntryState(StrEnum):
    """What became of an entry of a run."""

    OPEN = "open"
    PAID = "paid"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SettlementEntry:
    """One merchant's day under a budget line, to be paid exactly `amount`.

    Attributes:
        account: where it was paid; None unless it was.
        reason: selector of what stood against it; None unless it was skipped.
    """

    line: LineId
    merchant: MerchantId
    day: Day
    amount: Amount
    state: EntryState = EntryState.OPEN
    account: Address | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What people compare before and after a release: how many entries, their sum, and the sums by line and merchant."""

    entries: int
    amount: Amount
    by_line: Mapping[LineId, Amount]
    by_merchant: Mapping[MerchantId, Amount]


def control_totals(entries: Iterable[SettlementEntry]) -> ControlTotals:
    """Adds entries up."""
    listed = list(entries)
    return ControlTotals(
        entries=len(listed),
        amount=Amount(sum(entry.amount for entry in listed)),
        by_line={key: Amount(value) for key, value in sorted(_sums(listed, lambda entry: entry.line).items())},
        by_merchant={key: Amount(value) for key, value in sorted(_sums(listed, lambda e: e.merchant).items())},
    )


def _sums(entries: Iterable[SettlementEntry], key: Callable[[SettlementEntry], K]) -> Counter[K]:
    sums: Counter[K] = Counter()
    for entry in entries:
        sums[key(entry)] += entry.amount
    return sums


@dataclass(frozen=True, slots=True)
class SettlementRun:
    """A run: prepared by one person, released by another or not yet.

    Attributes:
        hash: keccak256 of the entries, as the chain keeps it until the release.
        paid: what the release paid; 0 before it.
        released: where it was released; None before.
    """

    number: int
    proposer: Address
    hash: Hash
    entries: tuple[SettlementEntry, ...]
    prepared: TxRef
    approver: Address | None = None
    paid: Amount = NOTHING
    released: TxRef | None = None

    @property
    def totals(self) -> ControlTotals:
        """Of all entries as they were prepared."""
        return control_totals(self.entries)


class MoveState(StrEnum):
    """Where a move of budget stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class BudgetMove:
    """Budget that is to move, or moved, from one line to another of the same programme and funder.

    Attributes:
        money: available money that went along; 0 unless approved.
        decided_by: who approved it or took it back; None while it is proposed.
    """

    number: int
    from_line: LineId
    to_line: LineId
    amount: Amount
    proposer: Address
    reason: str
    proposed: TxRef
    state: MoveState = MoveState.PROPOSED
    money: Amount = NOTHING
    decided_by: Address | None = None
    decided: TxRef | None = None
