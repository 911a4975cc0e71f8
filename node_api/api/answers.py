"""What the API answers about redemptions: schemas, and their way out of the domain."""

from typing import Literal

import orjson

from node_api.api.fields import Out
from node_api.api.problems import anchor
from node_api.domain.errors import Refusal
from node_api.domain.finality import Finality
from node_api.domain.kinds import left_of
from node_api.domain.models import BlockRef, VoucherKind
from node_api.domain.operations import ItemOutcome, Operation, OperationState, RefusalNote
from node_api.domain.refusals import REFUSALS
from node_api.domain.rules import VoucherSight
from node_api.services.codes import Code
from node_api.services.judging import Judgement

StateText = Literal["received", "queued", "sent", "succeeded", "refused", "failed"]


class BlockOut(Out):
    """The block an answer stands on."""

    number: int
    hash: str
    timestamp: int

    @classmethod
    def of(cls, block: BlockRef) -> "BlockOut":
        """From the domain."""
        return cls(number=block.number, hash=block.hash, timestamp=block.timestamp)


class ProblemOut(Out):
    """An RFC 9457 problem. `type` is an anchor on the page of errors; refusals add `operation` and `block`."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    value: str
    rule: str
    remedy: str
    operation: str | None = None
    voucher: str | None = None
    block: BlockOut | None = None
    faults: list[dict[str, str]] | None = None


class RefusalOut(Out):
    """Why the rules say no. `on_chain`: the contract said so, or the node before anything was sent."""

    type: str
    reason: str
    value: str
    rule: str
    remedy: str
    voucher: str | None
    on_chain: bool


class SpentOut(Out):
    """A voucher that was redeemed; `number` runs over all redemptions."""

    id: str
    amount: int
    number: int


class ChangeOut(Out):
    """When an operation came to a state; milliseconds since 1970."""

    state: StateText
    at: int


class ItemOut(Out):
    """One redemption of an operation.

    `vouchers` are those redeemed; `block` is where it was decided on chain, else the one the node judged it on.
    """

    state: StateText
    merchant: int
    digest: str
    holder: str | None
    bill: str
    receipt: str
    deadline: str
    signed_vouchers: list[str]
    vouchers: list[SpentOut]
    refusal: RefusalOut | None
    fault: str | None
    transaction: str | None
    block: BlockOut


class OperationOut(Out):
    """A write and how far it has come.

    `finality` tells of its transaction: seen in a block, confirmed by another on it, or final; null while it is in none.
    """

    id: str
    kind: Literal["redemption", "redemption-batch"]
    state: StateText
    finality: Literal["seen", "confirmed", "final"] | None
    history: list[ChangeOut]
    items: list[ItemOut]


class SightOut(Out):
    """A voucher as the rules see it: `kind`, `amount`, `rest` and `next_sequence` as of a voucher, null where there is none."""

    id: str
    holder: str | None
    batch: int | None
    kind: str | None
    amount: int | None
    rest: int | None
    next_sequence: int | None
    valid_from: int | None
    valid_until: int | None
    redeemed: bool


class CheckOut(Out):
    """What would become of a redemption in the next block."""

    accepted: bool
    refusal: RefusalOut | None
    digest: str
    holder: str | None
    vouchers: list[SightOut]
    block: BlockOut


class CodeOut(Out):
    """A signed code: as text for the till, as a QR symbol (SVG) if asked for, and as the EIP-712 document with its signature."""

    code: str
    qr: str | None
    holder: str
    digest: str
    signature: str
    document: dict[str, object]
    receipt: dict[str, object] | None
    block: BlockOut


def operation_out(operation: Operation, finality: Finality | None) -> OperationOut:
    """An operation's schema."""
    return OperationOut.model_validate(_operation_fields(operation, finality))


def operation_json(operation: Operation, finality: Finality | None) -> bytes:
    """The same as it is answered, in a third of the time: what makes its fields is held to the schema elsewhere."""
    fields = _operation_fields(operation, finality)
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:  # a signed number of more than 64 bits
        return OperationOut.model_validate(fields).model_dump_json().encode()


def _operation_fields(operation: Operation, finality: Finality | None) -> dict[str, object]:
    return {
        "id": operation.id,
        "kind": "redemption-batch" if operation.batch else "redemption",
        "state": operation.state.value,
        "finality": finality,
        "history": [{"state": change.state.value, "at": change.at} for change in operation.history],
        "items": [_item_fields(outcome) for outcome in operation.items],
    }


def _item_fields(outcome: ItemOutcome) -> dict[str, object]:
    item, work, block = outcome.work.item, outcome.work, outcome.block or outcome.work.judged
    return {
        "state": outcome.state.value,
        "merchant": item.merchant,
        "digest": work.digest,
        "holder": work.holder,
        "bill": str(item.bill),
        "receipt": item.receipt,
        "deadline": str(item.deadline),
        "signed_vouchers": [str(spend.voucher) for spend in item.spends],
        "vouchers": [
            {"id": str(entry.voucher), "amount": entry.amount, "number": entry.number} for entry in outcome.spent
        ],
        "refusal": None if outcome.refusal is None else _note_fields(outcome.refusal),
        "fault": outcome.fault,
        "transaction": outcome.transaction,
        "block": {"number": block.number, "hash": block.hash, "timestamp": block.timestamp},
    }


def refusal_of(note: RefusalNote) -> Refusal:
    """The refusal that a note stands for."""
    kind = REFUSALS.get(note.reason)
    if kind is None:
        raise LookupError(f"a refusal this release does not know: {note.reason}")
    return kind(note.value, note.voucher)


def _note_fields(note: RefusalNote) -> dict[str, object]:
    return _refusal_fields(refusal_of(note), on_chain=note.on_chain)


def _refusal_fields(refusal: Refusal, *, on_chain: bool) -> dict[str, object]:
    return {
        "type": anchor(refusal.name),
        "reason": refusal.name,
        "value": refusal.value,
        "rule": refusal.rule,
        "remedy": refusal.remedy,
        "voucher": None if refusal.voucher is None else str(refusal.voucher),
        "on_chain": on_chain,
    }


def refusal_out(refusal: Refusal, *, on_chain: bool) -> RefusalOut:
    """A refusal's schema."""
    return RefusalOut.model_validate(_refusal_fields(refusal, on_chain=on_chain))


def check_out(judgement: Judgement) -> CheckOut:
    """A judgement's schema."""
    return CheckOut(
        accepted=judgement.refusal is None,
        refusal=None if judgement.refusal is None else refusal_out(judgement.refusal, on_chain=False),
        digest=judgement.digest,
        holder=judgement.holder,
        vouchers=[_sight_out(sight) for sight in judgement.vouchers],
        block=BlockOut.of(judgement.block),
    )


def _sight_out(sight: VoucherSight) -> SightOut:
    batch = sight.batch
    return SightOut(
        id=str(sight.voucher),
        holder=sight.holder,
        batch=None if batch is None else batch.id,
        kind=None if batch is None else VoucherKind(batch.kind).name,
        amount=None if batch is None else batch.face,
        rest=None if batch is None else left_of(batch, sight.taken, redeemed=sight.redeemed),
        next_sequence=None if batch is None else sight.taken.sequence,
        valid_from=None if batch is None else batch.valid_from,
        valid_until=None if batch is None else sight.valid_until(batch),
        redeemed=sight.redeemed,
    )


def code_out(code: Code, qr: str | None) -> CodeOut:
    """A code's schema."""
    receipt = code.receipt
    return CodeOut(
        code=code.text,
        qr=qr,
        holder=code.holder,
        digest=code.digest,
        signature="0x" + code.signature.hex(),
        document=code.document,
        receipt=None
        if receipt is None
        else {
            "number": receipt.number,
            "time": receipt.time,
            "items": [{"category": item.category, "amount": item.amount} for item in receipt.items],
            "salt": "0x" + receipt.salt.hex(),
        },
        block=BlockOut.of(code.block),
    )


def is_single_refusal(operation: Operation) -> bool:
    """Whether an operation is one redemption that was refused: answered as a problem."""
    return not operation.batch and operation.state is OperationState.REFUSED
