"""Operations and claims on receipts in the database. Implements the port `OperationStore`."""

import time
from dataclasses import replace

from sqlalchemy import Connection, Engine, and_, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from node_api.domain.ids import Hash, MerchantId, ProgrammeId
from node_api.domain.operations import (
    ItemOutcome,
    Operation,
    OperationState,
    RefusalNote,
    StateChange,
    overall,
)
from node_api.services.ports.operations import QueuedItem
from node_api.storage import operation_tables as t
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import (
    item_row,
    operation_row,
    raw,
    read_item,
    read_operation,
    refusal_row,
    state_rows,
)

_items = t.operation_items
_item_columns = (*_items.c, t.outbox_calls.c.block, t.outbox_calls.c.block_hash, t.outbox_calls.c.block_time)
_joined = _items.outerjoin(t.outbox_calls, _items.c.call == t.outbox_calls.c.hash)
_claims = t.receipt_claims.c

# Statements of the hot path, put together once: building one takes longer than running it.
_FIND = select(t.operations.c.id).where(
    and_(t.operations.c.owner == bindparam("owner"), t.operations.c.idempotency_key == bindparam("key"))
)
_ROW = select(t.operations).where(t.operations.c.id == bindparam("of"))
_STATES = (
    select(t.operation_states)
    .where(t.operation_states.c.operation == bindparam("of"))
    .order_by(t.operation_states.c.step)
)
_ITEMS = (
    select(*_item_columns).select_from(_joined).where(_items.c.operation == bindparam("of")).order_by(_items.c.position)
)
_QUEUED = (
    select(*_item_columns)
    .select_from(_joined)
    .where(_items.c.state == OperationState.QUEUED.value)
    .order_by(_items.c.sequence)
    .limit(bindparam("most"))
)
_CLAIMED = select(_claims.operation).where(
    and_(
        _claims.programme == bindparam("programme"),
        _claims.merchant == bindparam("merchant"),
        _claims.receipt == bindparam("receipt"),
    )
)
_ADD, _ADD_STATES, _ADD_ITEMS = insert(t.operations), insert(t.operation_states), insert(_items)
_ADD_CLAIM, _ADD_REFUSALS = insert(t.receipt_claims), insert(t.refusal_log)


class Operations:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def find(self, owner: str, key: str) -> Operation | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _find(connection, owner, key)

    def get(self, operation: str) -> Operation | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _whole(connection, operation)

    def add(self, operation: Operation) -> Operation:
        """See the port."""
        try:
            with writing(self._engine) as connection:
                known = _find(connection, operation.owner, operation.key)
                return known if known is not None else _insert(connection, operation)
        except IntegrityError:  # somebody else was quicker, on a database whose writers do not queue
            known = self.find(operation.owner, operation.key)
            if known is None:
                return self.add(operation)
            return known

    def queued(self, limit: int) -> list[QueuedItem]:
        """See the port."""
        with reading(self._engine) as connection:
            rows = connection.execute(_QUEUED, {"most": limit}).mappings().all()
        return [QueuedItem(row["operation"], row["position"], read_item(row)) for row in rows]

    def receipt_claimed(self, programme: ProgrammeId, merchant: MerchantId, receipt: Hash) -> bool:
        """See the port."""
        with reading(self._engine) as connection:
            return _claimed(connection, programme, merchant, raw(receipt))


def _find(connection: Connection, owner: str, key: str) -> Operation | None:
    found = connection.execute(_FIND, {"owner": owner, "key": key}).scalar_one_or_none()
    return None if found is None else _whole(connection, found)


def _whole(connection: Connection, operation: str) -> Operation | None:
    which = {"of": operation}
    row = connection.execute(_ROW, which).mappings().first()
    if row is None:
        return None
    states = connection.execute(_STATES, which).mappings().all()
    return read_operation(row, states, connection.execute(_ITEMS, which).mappings().all())


def _insert(connection: Connection, operation: Operation) -> Operation:
    now = time.time_ns() // 1_000_000
    items = tuple(
        _with_claim(connection, operation.id, position, outcome) for position, outcome in enumerate(operation.items)
    )
    state = overall([outcome.state for outcome in items])
    history = operation.history
    if state is not operation.state:
        history = (*operation.history[:-1], StateChange(state, now))
    kept = replace(operation, items=items, state=state, history=history)
    connection.execute(_ADD, operation_row(kept))
    connection.execute(_ADD_STATES, state_rows(kept))
    connection.execute(_ADD_ITEMS, [item_row(kept.id, position, outcome) for position, outcome in enumerate(items)])
    refused = [
        refusal_row(kept.id, position, outcome, now) for position, outcome in enumerate(items) if outcome.refusal
    ]
    if refused:
        connection.execute(_ADD_REFUSALS, refused)
    return kept


def _with_claim(connection: Connection, operation: str, position: int, outcome: ItemOutcome) -> ItemOutcome:
    """Claims the receipt of an item about to be sent; where somebody has it, the item is refused instead."""
    work = outcome.work
    if outcome.state is not OperationState.QUEUED or work.programme is None:
        return outcome
    receipt = raw(work.item.receipt)
    if _claimed(connection, work.programme, work.item.merchant, receipt):
        note = RefusalNote("ReceiptUsed", f"receipt {work.item.receipt}", None, on_chain=False)
        return replace(outcome, state=OperationState.REFUSED, refusal=note)
    claim = {
        "programme": work.programme,
        "merchant": work.item.merchant,
        "receipt": receipt,
        "operation": operation,
        "position": position,
    }
    connection.execute(_ADD_CLAIM, claim)
    return outcome


def _claimed(connection: Connection, programme: int, merchant: int, receipt: bytes) -> bool:
    which = {"programme": programme, "merchant": merchant, "receipt": receipt}
    return connection.execute(_CLAIMED, which).first() is not None
