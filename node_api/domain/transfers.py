"""Vouchers passed on and places given to others, as the record tells them."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Place, RollId, UnixSeconds, VoucherId
from node_api.domain.models import TxRef


@dataclass(frozen=True, slots=True)
class Transfer:
    """A voucher that went from one holder to another."""

    voucher: VoucherId
    sender: Address
    receiver: Address
    tx: TxRef


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """What a holder signs to pass a voucher on. `deadline` is exclusive."""

    voucher: VoucherId
    receiver: Address
    deadline: UnixSeconds
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """One step of a place's way to another holder.

    Attributes:
        name: `proposed`, `withdrawn` or `reassigned`.
        receiver: who it is for; None where it was withdrawn.
        actor: who proposed, withdrew or approved it.
        ripe_at: from when on it may be approved; None but for a proposal.
    """

    roll: RollId
    place: Place
    name: str
    receiver: Address | None
    actor: Address
    ripe_at: UnixSeconds | None
    reason: str
    tx: TxRef
