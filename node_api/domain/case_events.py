"""What the case desk logged of reversals and disputes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoucherReversed:
    """A redemption, by its number, was taken back; `ReversalBooked` follows."""

    number: int
    voucher: int
    merchant: int
    actor: bytes
    digest: bytes
    amount: int
    live: bool


@dataclass(frozen=True, slots=True)
class ReversalBooked:
    """Which of the merchant's days the money of the reversal before this came off, and the hash of its reason."""

    number: int
    day: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """A redemption is in dispute: its money is locked until `decide_by` at most."""

    dispute: int
    voucher: int
    actor: bytes
    digest: bytes
    reason: bytes
    decide_by: int


@dataclass(frozen=True, slots=True)
class DisputeDecided:
    """A dispute ended: the redemption stands, or its reversal follows."""

    dispute: int
    actor: bytes
    stands: bool
    reason: bytes


CaseEvent = VoucherReversed | ReversalBooked | DisputeOpened | DisputeDecided
