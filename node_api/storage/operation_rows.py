"""Operations to rows and back."""

from collections.abc import Sequence

import orjson
from sqlalchemy import RowMapping

from node_api.domain.ids import Address, Amount, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend, TerminalSeal
from node_api.domain.models import BlockRef
from node_api.domain.operations import (
    ItemOutcome,
    Operation,
    OperationState,
    RefusalNote,
    SpentVoucher,
    StateChange,
    WorkItem,
)

Value = int | str | bytes | None


def raw(text: str) -> bytes:
    """0x-hex as bytes."""
    return bytes.fromhex(text[2:])


def operation_row(operation: Operation) -> dict[str, Value]:
    """The operation's own row."""
    return {
        "id": operation.id,
        "owner": operation.owner,
        "idempotency_key": operation.key,
        "body_hash": operation.body_hash,
        "batch": int(operation.batch),
        "state": operation.state.value,
    }


def state_rows(operation: Operation) -> list[dict[str, Value]]:
    """Its history."""
    return [
        {"operation": operation.id, "step": step, "state": change.state.value, "at": change.at}
        for step, change in enumerate(operation.history)
    ]


def item_row(operation: str, position: int, outcome: ItemOutcome) -> dict[str, Value]:
    """One item of a new operation: what it is, and why it was refused if it was."""
    work, refusal = outcome.work, outcome.refusal
    return {
        "operation": operation,
        "position": position,
        "state": outcome.state.value,
        "merchant": _stored(work.item.merchant),
        "programme": work.programme,
        "holder": None if work.holder is None else raw(work.holder),
        "digest": raw(work.digest),
        "item": _item_text(work.item),
        "judged_block": work.judged.number,
        "judged_hash": raw(work.judged.hash),
        "judged_time": work.judged.timestamp,
        "terminal": None if work.seal is None else raw(work.seal.terminal),
        "terminal_signature": None if work.seal is None else work.seal.signature,
        "reason": None if refusal is None else refusal.reason,
        "reason_value": None if refusal is None else refusal.value,
        "reason_voucher": None if refusal is None or refusal.voucher is None else _stored(refusal.voucher),
        "reason_on_chain": None if refusal is None else int(refusal.on_chain),
    }


def refusal_row(operation: str, position: int, outcome: ItemOutcome, at: int) -> dict[str, Value]:
    """The line of an item refused before sending in the refusal log."""
    refusal = outcome.refusal
    assert refusal is not None
    return {
        "at": at,
        "operation": operation,
        "position": position,
        "merchant": _stored(outcome.work.item.merchant),
        "voucher": None if refusal.voucher is None else _stored(refusal.voucher),
        "digest": raw(outcome.work.digest),
        "reason": refusal.reason,
        "value": refusal.value,
    }


def read_operation(row: RowMapping, states: Sequence[RowMapping], items: Sequence[RowMapping]) -> Operation:
    """An operation out of its rows."""
    return Operation(
        id=row["id"],
        owner=row["owner"],
        key=row["idempotency_key"],
        body_hash=row["body_hash"],
        batch=bool(row["batch"]),
        state=OperationState(row["state"]),
        history=tuple(StateChange(OperationState(state["state"]), state["at"]) for state in states),
        items=tuple(read_item(item) for item in items),
    )


def read_item(row: RowMapping) -> ItemOutcome:
    """One item out of its row joined with its call's block."""
    block = None
    if row["block"] is not None:
        block = BlockRef(row["block"], Hash("0x" + row["block_hash"].hex()), UnixSeconds(row["block_time"]))
    return ItemOutcome(
        work=_work(row),
        state=OperationState(row["state"]),
        refusal=_refusal(row),
        transaction=None if row["call"] is None else Hash("0x" + row["call"].hex()),
        block=block,
        spent=tuple(
            SpentVoucher(VoucherId(voucher), Amount(amount), number)
            for voucher, amount, number in orjson.loads(row["spent"] or "[]")
        ),
        fault=row["fault"],
    )


def spent_text(spent: Sequence[SpentVoucher]) -> str:
    """Redeemed vouchers as stored."""
    return orjson.dumps([[entry.voucher, entry.amount, entry.number] for entry in spent]).decode()


def _work(row: RowMapping) -> WorkItem:
    seal = None
    if row["terminal"] is not None:
        seal = TerminalSeal(Address("0x" + row["terminal"].hex()), row["terminal_signature"])
    return WorkItem(
        item=_item(row["item"]),
        seal=seal,
        digest=Hash("0x" + row["digest"].hex()),
        holder=None if row["holder"] is None else Address("0x" + row["holder"].hex()),
        programme=None if row["programme"] is None else ProgrammeId(row["programme"]),
        judged=BlockRef(row["judged_block"], Hash("0x" + row["judged_hash"].hex()), UnixSeconds(row["judged_time"])),
    )


def _refusal(row: RowMapping) -> RefusalNote | None:
    if row["reason"] is None:
        return None
    voucher = row["reason_voucher"]
    return RefusalNote(
        row["reason"],
        row["reason_value"],
        None if voucher is None else VoucherId(voucher),
        bool(row["reason_on_chain"]),
    )


def _stored(number: int) -> int | None:
    """A number somebody signed, where it fits a column: no greater one names anything, and it stands in the item's text."""
    return number if number < 1 << 63 else None


def _item_text(item: Item) -> str:
    """A signed item as JSON, numbers as text: each may need 256 bits; with the consent where it has one."""
    fields = {
        "spends": [[str(spend.voucher), str(spend.amount), str(spend.sequence)] for spend in item.spends],
        "merchant": str(item.merchant),
        "bill": str(item.bill),
        "receipt": item.receipt,
        "channel": str(item.channel),
        "deadline": str(item.deadline),
        "signature": item.signature.hex(),
    }
    if item.consent:
        fields["consent"] = item.consent.hex()
    return orjson.dumps(fields).decode()


def _item(text: str) -> Item:
    fields = orjson.loads(text)
    return Item(
        spends=tuple(Spend(VoucherId(int(v)), Amount(int(a)), int(s)) for v, a, s in fields["spends"]),
        merchant=MerchantId(int(fields["merchant"])),
        bill=Amount(int(fields["bill"])),
        receipt=Hash(fields["receipt"]),
        channel=int(fields["channel"]),
        deadline=UnixSeconds(int(fields["deadline"])),
        signature=bytes.fromhex(fields["signature"]),
        consent=bytes.fromhex(fields.get("consent", "")),
    )
