"""What the API takes and answers about reversals and disputes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from node_api.api.answers import BlockOut
from node_api.api.fields import HashText, In, Out, SignatureText, Uint, VoucherText, as_bytes, as_hash, as_int
from node_api.domain.cases import Dispute, Reversal
from node_api.domain.ids import UnixSeconds, VoucherId
from node_api.services.ports.casework import Statement

_DAY = Annotated[int, Field(ge=1, lt=1 << 24, description="local day, counted from 1970-01-01")]


class StatementIn(In):
    """What a party says of a redemption, as it signed it: `Reversal` or `Dispute` of GET /v1/eip712."""

    redemption: Annotated[HashText, Field(description="the digest the holder signed")]
    voucher: VoucherText
    reason: Annotated[HashText, Field(description="hash of the reason; its text stays with the parties")]
    deadline: Uint
    signature: SignatureText

    def to_domain(self) -> Statement:
        """For the services."""
        deadline, signature = UnixSeconds(as_int(self.deadline)), as_bytes(self.signature)
        return Statement(
            as_hash(self.redemption), VoucherId(int(self.voucher)), as_hash(self.reason), deadline, signature
        )


class ReversalIn(In):
    """A reversal: with the merchant's signature and its deadline, or, by an arbiter, without both."""

    redemption: Annotated[HashText, Field(description="the digest the holder signed")]
    voucher: VoucherText
    reason: Annotated[HashText, Field(description="hash of the reason; its text stays with the parties")]
    deadline: Uint | None = None
    signature: SignatureText | None = None
    later_day: _DAY | None = None

    @model_validator(mode="after")
    def _whole(self) -> ReversalIn:
        if (self.deadline is None) != (self.signature is None):
            raise ValueError("a signature comes with its deadline")
        if self.signature is not None and self.later_day is not None:
            raise ValueError("only an arbiter names a later day")
        return self

    def to_domain(self) -> Statement:
        """For the services."""
        deadline = UnixSeconds(0 if self.deadline is None else as_int(self.deadline))
        signature = None if self.signature is None else as_bytes(self.signature)
        return Statement(
            as_hash(self.redemption), VoucherId(int(self.voucher)), as_hash(self.reason), deadline, signature
        )


class DecisionIn(In):
    """How a dispute ends. `stands` false reverses the redemption."""

    stands: bool
    reason: Annotated[HashText, Field(description="hash of the reason; not written where time has decided")]


class ReversalFields(Out):
    """A redemption taken back. `day` is the merchant's day its money came off; `live`: the voucher could be spent again."""

    number: int
    voucher: str
    merchant: int
    line: str
    day: int
    redemption: str
    amount: int
    by: str
    reason: str
    live: bool
    transaction: str
    reversed_at: BlockOut


class ReversalOut(ReversalFields):
    """A reversal, as of a block."""

    block: BlockOut


class ReversalsOut(Out):
    """Reversals in the order of the chain; `next` continues the list as `after`."""

    reversals: list[ReversalFields]
    next: int | None
    block: BlockOut


class DecisionOut(Out):
    """How a dispute ended. `reason` is zero where time decided."""

    by: str
    stands: bool
    reason: str
    transaction: str
    decided_at: BlockOut


class DisputeFields(Out):
    """A redemption in dispute. `number` is the redemption's; an arbiter decides before `decide_by`."""

    id: int
    state: Literal["open", "stands", "reversed"]
    number: int
    voucher: str
    merchant: int
    line: str
    redemption: str
    amount: int
    by: str
    reason: str
    decide_by: int
    transaction: str
    opened_at: BlockOut
    decision: DecisionOut | None


class DisputeOut(DisputeFields):
    """A dispute, as of a block."""

    block: BlockOut


class DisputesOut(Out):
    """Disputes by ascending number; `next` continues the list as `after`."""

    disputes: list[DisputeFields]
    next: int | None
    block: BlockOut


def reversal_fields(done: Reversal) -> dict[str, object]:
    """A reversal's fields."""
    return {
        "number": done.number,
        "voucher": str(done.voucher),
        "merchant": done.merchant,
        "line": str(done.line),
        "day": done.day,
        "redemption": done.digest,
        "amount": done.amount,
        "by": done.actor,
        "reason": done.reason,
        "live": done.live,
        "transaction": done.tx.hash,
        "reversed_at": BlockOut.of(done.tx.block),
    }


def dispute_fields(found: Dispute) -> dict[str, object]:
    """A dispute's fields."""
    ended = found.decision
    return {
        "id": found.id,
        "state": found.state,
        "number": found.number,
        "voucher": str(found.voucher),
        "merchant": found.merchant,
        "line": str(found.line),
        "redemption": found.digest,
        "amount": found.amount,
        "by": found.actor,
        "reason": found.reason,
        "decide_by": found.decide_by,
        "transaction": found.tx.hash,
        "opened_at": BlockOut.of(found.tx.block),
        "decision": None
        if ended is None
        else DecisionOut(
            by=ended.actor,
            stands=ended.stands,
            reason=ended.reason,
            transaction=ended.tx.hash,
            decided_at=BlockOut.of(ended.tx.block),
        ),
    }
