"""What the MerchantRegistry logged beyond applications and steps: other terms, payout accounts, terminals' limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MerchantTermsStep:
    """Other terms of a merchant were `proposed`, or are in force: `changed`."""

    merchant: int
    name: str
    categories: int
    region: int
    channels: int
    payout: bytes
    actor: bytes


@dataclass(frozen=True, slots=True)
class PayoutStep:
    """A payout account was `proposed` (it may be approved from `ripe_at` on), put in force (`changed`) or `withdrawn`."""

    merchant: int
    name: str
    account: bytes
    actor: bytes
    ripe_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class TerminalLimited:
    """What a terminal may redeem in a local day; 0 for no limit."""

    merchant: int
    terminal: bytes
    daily_limit: int
    actor: bytes


MerchantEvent = MerchantTermsStep | PayoutStep | TerminalLimited
"""The events of this module."""
