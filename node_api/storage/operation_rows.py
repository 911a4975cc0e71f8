"""Operations to rows and back."""

from collections.abc import Sequence

import orjson

from node_api.domain.claims import ClaimOutcome
from node_api.domain.ids import Address, Amount, Hash, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.item_words import ItemWords
from node_api.domain.items import TerminalSeal
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
from node_api.storage import operation_tables as t
from node_api.storage.queries import Record

Value = int | str | bytes | None
Values = tuple[Value, ...]
_NO_SEAL: Values = (None, None)
_NO_REASON: Values = (None, None, None, None)

_items, _calls = t.operation_items.c, t.outbox_calls.c
PROGRESS = (
    _items.operation,
    _items.position,
    _items.state,
    _items.call,
    _items.reason,
    _items.reason_value,
    _items.reason_voucher,
    _items.reason_on_chain,
    _items.fault,
    _items.spent,
)
"""Whose item it is, and what became of it."""
CALLS = (_calls.hash, _calls.block, _calls.block_hash, _calls.block_time)
"""Where a call stands."""
CARGO = (_items.operation, _items.position, _items.words, _items.consent, _items.terminal, _items.terminal_signature)
"""Whose item it is, and what of it is sent."""
WORK = (
    *CARGO,
    _items.digest,
    _items.holder,
    _items.programme,
    _items.judged_block,
    _items.judged_hash,
    _items.judged_time,
)
"""Whose item it is, and what was signed."""
_STATES = {state.value: state for state in OperationState}


def raw(text: str) -> bytes:
    """0x-hex as bytes."""
    return bytes.fromhex(text[2:])


OPERATION_COLUMNS = ("id", "owner", "idempotency_key", "body_hash", "batch", "state")


def operation_row(operation: Operation) -> Values:
    """The operation's own row: `OPERATION_COLUMNS`."""
    one = operation
    return one.id, one.owner, one.key, one.body_hash, int(one.batch), one.state.value


STATE_COLUMNS = ("operation", "step", "state", "at")


def state_rows(of: Operation | ClaimOutcome) -> list[Values]:
    """Its history: `STATE_COLUMNS`."""
    return [(of.id, step, change.state.value, change.at) for step, change in enumerate(of.history)]


_WORK_COLUMNS = ("operation", "position", "state", "merchant", "programme", "holder", "digest", "words", "consent")
_JUDGED_COLUMNS = ("judged_block", "judged_hash", "judged_time", "terminal", "terminal_signature")
REASON_COLUMNS = ("reason", "reason_value", "reason_voucher", "reason_on_chain")
CLAIM_COLUMNS = ("programme", "merchant", "receipt", "operation", "position")
ITEM_COLUMNS = (*_WORK_COLUMNS, *_JUDGED_COLUMNS, *REASON_COLUMNS)


def item_row(operation: str, position: int, outcome: ItemOutcome) -> Values:
    """One item of a new operation, what it is, and why it was refused if it was: `ITEM_COLUMNS`."""
    work, refusal, words = outcome.work, outcome.refusal, ItemWords.of(outcome.work.item)
    return (
        operation,
        position,
        outcome.state.value,
        _stored(work.item.merchant),
        work.programme,
        None if work.holder is None else raw(work.holder),
        raw(work.digest),
        words.words,
        words.consent or None,
        work.judged.number,
        raw(work.judged.hash),
        work.judged.timestamp,
        *(_NO_SEAL if work.seal is None else (raw(work.seal.terminal), work.seal.signature)),
        *(_NO_REASON if refusal is None else _reason(refusal)),
    )


def _reason(refusal: RefusalNote) -> Values:
    voucher = None if refusal.voucher is None else _stored(refusal.voucher)
    return refusal.reason, refusal.value, voucher, int(refusal.on_chain)


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


def read_operation(row: Record, states: Sequence[StateChange], items: Sequence[ItemOutcome]) -> Operation:
    """An operation out of its row, its history and its items."""
    return Operation(
        id=row.id,
        owner=row.owner,
        key=row.idempotency_key,
        body_hash=row.body_hash,
        batch=bool(row.batch),
        state=_STATES[row.state],
        history=tuple(states),
        items=tuple(items),
    )


def read_state(value: str, at: int) -> StateChange:
    """One step of a history."""
    return StateChange(_STATES[value], at)


class Progress:
    """Reads what became of items out of their rows (`PROGRESS`)."""

    def __init__(self, calls: Sequence[Record]) -> None:
        """`calls` are those of the items (`CALLS`)."""
        self._calls = {call.hash: (_hex(call.hash), _block_of(call)) for call in calls}

    def outcome(self, work: WorkItem, row: Record) -> ItemOutcome:
        """The item with what became of it."""
        _, _, state, call, reason, value, voucher, on_chain, fault, spent = row
        transaction, ref = (None, None) if call is None else self._calls[call]
        refusal = None
        if reason is not None:
            refusal = RefusalNote(reason, value, None if voucher is None else VoucherId(voucher), bool(on_chain))
        return ItemOutcome(work, _STATES[state], refusal, transaction, ref, _spent(spent) if spent else (), fault)


def _block_of(call: Record) -> BlockRef | None:
    return None if call.block is None else BlockRef(call.block, _hex(call.block_hash), UnixSeconds(call.block_time))


def spent_text(spent: Sequence[SpentVoucher]) -> str:
    """Redeemed vouchers as stored."""
    return orjson.dumps([[entry.voucher, entry.amount, entry.number] for entry in spent]).decode()


def read_work(row: Record) -> WorkItem:
    """What was signed, and how the node judged it."""
    return WorkItem(
        item=read_words(row).item(),
        seal=read_seal(row),
        digest=_hex(row.digest),
        holder=None if row.holder is None else Address(_hex(row.holder)),
        programme=None if row.programme is None else ProgrammeId(row.programme),
        judged=BlockRef(row.judged_block, _hex(row.judged_hash), UnixSeconds(row.judged_time)),
    )


def read_seal(row: Record) -> TerminalSeal | None:
    """The terminal that answers for an item, if any."""
    return None if row.terminal is None else TerminalSeal(Address(_hex(row.terminal)), row.terminal_signature)


def _spent(text: str) -> tuple[SpentVoucher, ...]:
    return tuple(SpentVoucher(VoucherId(v), Amount(a), number) for v, a, number in orjson.loads(text))


def _hex(value: bytes) -> Hash:
    return Hash("0x" + value.hex())


def _stored(number: int) -> int | None:
    """A number somebody signed, where it fits a column: no greater one names anything, and it stands in the item's words."""
    return number if number < 1 << 63 else None


def read_words(row: Record) -> ItemWords:
    """What was signed, in words."""
    return ItemWords(row.words, row.consent or b"")
