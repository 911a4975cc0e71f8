"""What the API takes and answers about vouchers passed on and places given to others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from node_api.api.answers import BlockOut
from node_api.api.fields import (
    AddressText,
    In,
    Out,
    Person,
    ProgrammeNumber,
    Reference,
    Seconds,
    SignatureText,
    Uint,
    VoucherText,
    as_address,
    as_bytes,
    as_int,
)
from node_api.domain.ids import UnixSeconds, VoucherId
from node_api.domain.transfers import PlaceChange, Transfer, TransferOrder

_TO = Annotated[AddressText, Field(description="the receiver: neither the holder nor a merchant's account")]


class TransferIn(In):
    """`Transfer` of GET /v1/eip712, as the holder signed it."""

    voucher: VoucherText
    to: _TO
    deadline: Uint
    signature: SignatureText

    def to_domain(self) -> TransferOrder:
        """For the services."""
        deadline, signature = UnixSeconds(as_int(self.deadline)), as_bytes(self.signature)
        return TransferOrder(VoucherId(int(self.voucher)), as_address(self.to), deadline, signature)


class WalletTransferIn(In):
    """A custodial person's wish; the node's wallet signs it. With the same deadline it is the same order."""

    programme: ProgrammeNumber | Reference
    person: Person
    voucher: VoucherText
    to: _TO
    deadline: Seconds

    def to_domain(self) -> TransferOrder:
        """For the services; not signed yet."""
        return TransferOrder(VoucherId(int(self.voucher)), as_address(self.to), UnixSeconds(self.deadline))


class TransferFields(Out):
    """A voucher that went from one holder to another."""

    voucher: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    transaction: str
    transferred_at: BlockOut


class TransferOut(TransferFields):
    """A transfer, as of a block."""

    block: BlockOut


class TransfersOut(Out):
    """Transfers in the order of the chain; `next` continues the list as `after`."""

    transfers: list[TransferFields]
    next: int | None
    block: BlockOut


class PlaceChangeOut(Out):
    """A step of a place's way to another holder. `to` is null where it was withdrawn, `ripe_at` but for a proposal."""

    step: Literal["proposed", "withdrawn", "reassigned"]
    roll: int
    place: int
    to: str | None
    by: str
    ripe_at: int | None
    reason: str
    transaction: str
    changed_at: BlockOut


class ReassignmentsOut(Out):
    """Steps of reassignments in the order of the chain."""

    steps: list[PlaceChangeOut]
    block: BlockOut


def transfer_fields(done: Transfer) -> dict[str, object]:
    """A transfer's fields."""
    return {
        "voucher": str(done.voucher),
        "from": done.sender,
        "to": done.receiver,
        "transaction": done.tx.hash,
        "transferred_at": BlockOut.of(done.tx.block),
    }


def place_change_out(change: PlaceChange) -> PlaceChangeOut:
    """A step's schema."""
    return PlaceChangeOut.model_validate(
        {
            "step": change.name,
            "roll": change.roll,
            "place": change.place,
            "to": change.receiver,
            "by": change.actor,
            "ripe_at": change.ripe_at,
            "reason": change.reason,
            "transaction": change.tx.hash,
            "changed_at": BlockOut.of(change.tx.block),
        }
    )
