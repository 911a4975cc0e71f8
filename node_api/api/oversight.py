"""What the API takes and answers about freezes, revocations and the emergency lane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from node_api.api.answers import BlockOut
from node_api.api.fields import AddressText, HashText, In, Out, Seconds, VoucherText, as_address, as_hash
from node_api.domain.freezes import Freeze, FreezeChange, Frozen, Revocation, Subject
from node_api.domain.ids import BatchId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.lane import LaneStep
from node_api.services.ports import oversight as o

SubjectText = Literal["voucher", "roll", "batch", "holder", "merchant"]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="stands on chain: name no person")]
_SMALL = Annotated[int, Field(ge=1, lt=1 << 32)]


class SubjectIn(In):
    """What is frozen: a voucher by its number as text; a holder by programme and address; anything else by its number."""

    subject: SubjectText
    voucher: VoucherText | None = None
    number: _SMALL | None = None
    holder: AddressText | None = None

    @model_validator(mode="after")
    def _whole(self) -> SubjectIn:
        is_voucher, is_holder = self.subject == "voucher", self.subject == "holder"
        if (self.voucher is not None) != is_voucher or (self.number is None) != is_voucher:
            raise ValueError("a voucher is named by `voucher`, anything else by `number`")
        if (self.holder is not None) != is_holder:
            raise ValueError("a holder is named by `number`, the programme's, and `holder`, the address")
        return self

    @property
    def what(self) -> Frozen:
        """For the services."""
        number = int(self.voucher or 0) if self.number is None else self.number
        holder = None if self.holder is None else as_address(self.holder)
        return Frozen(Subject[self.subject.upper()], min(number, (1 << 60) - 1), holder)


class FreezeIn(SubjectIn):
    """A freeze: 30 days at most; it lapses by itself."""

    until: Seconds
    reason: Reason


class StepIn(SubjectIn):
    """A freeze lifted or confirmed."""

    reason: Reason


class AppealIn(SubjectIn):
    """An appeal; `letter` is the hash of what was handed in."""

    letter: HashText

    @property
    def order(self) -> o.Appeal:
        """For the services."""
        return o.Appeal(self.what, as_hash(self.letter))


class RevocationIn(In):
    """Vouchers under a confirmed freeze of their batch, roll or holder."""

    vouchers: Annotated[list[VoucherText], Field(min_length=1, max_length=500)]
    reason: Reason

    @property
    def order(self) -> o.Revoke:
        """For the services."""
        return o.Revoke(tuple(VoucherId(int(voucher)) for voucher in self.vouchers), self.reason)


class ExtensionIn(In):
    """A later end for a batch."""

    batch: Annotated[int, Field(ge=1, lt=1 << 24)]
    until: Seconds
    reason: Reason

    @property
    def order(self) -> o.Extend:
        """For the services."""
        return o.Extend(BatchId(self.batch), UnixSeconds(self.until), self.reason)


_ProgrammeOrAll = Annotated[int, Field(ge=0, lt=1 << 24, description="0: the whole network")]


class PauseIn(In):
    """A pause, 30 days at most, whose length is given back."""

    programme: _ProgrammeOrAll
    until: Seconds
    reason: Reason

    @property
    def order(self) -> o.Pause:
        """For the services."""
        return o.Pause(ProgrammeId(self.programme), UnixSeconds(self.until), self.reason)


class ResumeIn(In):
    """The early end of a pause."""

    programme: _ProgrammeOrAll


class WideningIn(In):
    """Channels opened until then, beside each batch's own."""

    programme: Annotated[int, Field(ge=1, lt=1 << 24)]
    channels: Annotated[list[Annotated[int, Field(ge=0, le=7)]], Field(min_length=1, max_length=8)]
    until: Seconds
    reason: Reason

    @property
    def order(self) -> o.Widen:
        """For the services."""
        mask = sum(1 << channel for channel in set(self.channels))
        return o.Widen(ProgrammeId(self.programme), mask, UnixSeconds(self.until), self.reason)


class DoneOut(Out):
    """`sent` false: it stood in the record already. `block`: from it on the record shows it."""

    sent: bool
    block: BlockOut


class FreezeStepOut(Out):
    """One step of a freeze. `until` 0: it is over after it."""

    kind: Literal["frozen", "appealed", "lifted", "confirmed"]
    until: int
    by: str
    letter: str | None
    reason: str
    transaction: str
    block: BlockOut


class FreezeOut(Out):
    """A subject that was ever frozen. `holds`: at the time of the next block."""

    subject: SubjectText
    id: str
    number: str
    holder: str | None
    holds: bool
    until: int
    confirmed: bool
    steps: list[FreezeStepOut]


class FreezesOut(Out):
    """Freezes, in the order in which each subject was frozen first."""

    freezes: list[FreezeOut]
    block: BlockOut


class RevocationOut(Out):
    """A voucher revoked."""

    voucher: str
    line: str
    amount: int
    by: str
    reason: str
    transaction: str
    block: BlockOut


class RevocationsOut(Out):
    """Revocations by ascending voucher; `next` for the page that follows."""

    revocations: list[RevocationOut]
    next: str | None
    block: BlockOut


class LaneStepOut(Out):
    """One use of the emergency lane. `programme` 0: the whole network; `batch` 0: none."""

    kind: Literal["extended", "widened", "paused", "resumed"]
    programme: int
    batch: int
    channels: list[int]
    old_until: int
    until: int
    by: str
    reason: str
    transaction: str
    block: BlockOut


class LaneOut(Out):
    """Uses of the emergency lane, in the order of the chain."""

    steps: list[LaneStepOut]
    block: BlockOut


def freeze_out(freeze: Freeze, now: UnixSeconds) -> FreezeOut:
    """From the domain."""
    what = freeze.what
    return FreezeOut.model_validate(
        {
            "subject": what.subject.name.lower(),
            "id": str(what.id),
            "number": str(what.number),
            "holder": what.holder,
            "holds": freeze.holds(now),
            "until": freeze.until,
            "confirmed": freeze.confirmed,
            "steps": [_step(step) for step in freeze.steps],
        }
    )


def _step(step: FreezeChange) -> dict[str, object]:
    return {
        "kind": step.kind,
        "until": step.until,
        "by": step.actor,
        "letter": step.appeal,
        "reason": step.reason,
        "transaction": step.tx.hash,
        "block": BlockOut.of(step.tx.block),
    }


def revocation_out(one: Revocation) -> RevocationOut:
    """From the domain."""
    return RevocationOut(
        voucher=str(one.voucher),
        line=str(one.line),
        amount=one.amount,
        by=one.actor,
        reason=one.reason,
        transaction=one.tx.hash,
        block=BlockOut.of(one.tx.block),
    )


def lane_out(steps: Iterable[LaneStep]) -> list[LaneStepOut]:
    """From the domain."""
    return [
        LaneStepOut.model_validate(
            {
                "kind": step.kind,
                "programme": step.programme,
                "batch": step.batch,
                "channels": [bit for bit in range(8) if step.channels >> bit & 1],
                "old_until": step.old_until,
                "until": step.until,
                "by": step.actor,
                "reason": step.reason,
                "transaction": step.tx.hash,
                "block": BlockOut.of(step.tx.block),
            }
        )
        for step in steps
    ]
