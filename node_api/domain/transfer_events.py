"""What the contracts logged of vouchers passed on, places given to others, and the caps of both rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoucherTransferred:
    """A voucher is another person's."""

    voucher: int
    sender: bytes
    receiver: bytes


@dataclass(frozen=True, slots=True)
class PlaceStep:
    """A place of a roll: `proposed` for another holder, `withdrawn`, or `reassigned`.

    `receiver` is empty for one withdrawn; `ripe_at` is 0, `reason` empty where the event has none.
    """

    roll: int
    place: int
    name: str
    receiver: bytes
    actor: bytes
    ripe_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class TransferCapsSet:
    """How much of a rules version's vouchers a holder may pass on; the newest before its proposal counts."""

    programme: int
    version: int
    actor: bytes
    per_transfer: int
    per_month: int


TransferEvent = VoucherTransferred | PlaceStep | TransferCapsSet
