"""What the Treasury logged of settlement runs entry by entry, of budget that moves, and of its list of tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenStep:
    """A token was put on the list of settlement tokens, or taken off it."""

    token: bytes
    allowed: bool
    actor: bytes


@dataclass(frozen=True, slots=True)
class SettlementEntered:
    """One entry of a run as it was prepared: exactly `amount` is to be paid."""

    run: int
    line: int
    merchant: int
    day: int
    amount: int


@dataclass(frozen=True, slots=True)
class PayoutSkipped:
    """An entry of a run was not paid; `reason` is the selector of what stood against it."""

    line: int
    merchant: int
    run: int
    day: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class BudgetMoveProposed:
    """Budget is to move between two lines of a programme."""

    move: int
    from_line: int
    to_line: int
    amount: int
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetMoveWithdrawn:
    """A proposed move was taken back."""

    move: int
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetMoved:
    """Budget moved between two lines."""

    from_line: int
    to_line: int
    amount: int
    proposer: bytes
    approver: bytes


@dataclass(frozen=True, slots=True)
class MoneyMoved:
    """The available money that went with a move; it follows that move's `BudgetMoved`, and may be 0."""

    move: int
    from_line: int
    to_line: int
    amount: int


MoneyEvent = (
    TokenStep | SettlementEntered | PayoutSkipped | BudgetMoveProposed | BudgetMoveWithdrawn | BudgetMoved | MoneyMoved
)
"""The events of this module."""
