"""Operations and claims on receipts in the database. Implements the port `OperationStore`."""

import time
from dataclasses import replace

from sqlalchemy import Connection, Engine, and_, insert, select
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
            row = connection.execute(select(t.operations).where(t.operations.c.id == operation)).mappings().first()
            return None if row is None else _whole(connection, row["id"])

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
        statement = (
            select(*_item_columns)
            .select_from(_joined)
            .where(_items.c.state == OperationState.QUEUED.value)
            .order_by(_items.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).mappings().all()
        return [QueuedItem(row["operation"], row["position"], read_item(row)) for row in rows]

    def receipt_claimed(self, programme: ProgrammeId, merchant: MerchantId, receipt: Hash) -> bool:
        """See the port."""
        with reading(self._engine) as connection:
            return _claimed(connection, programme, merchant, raw(receipt))


def _find(connection: Connection, owner: str, key: str) -> Operation | None:
    condition = and_(t.operations.c.owner == owner, t.operations.c.idempotency_key == key)
    found = connection.execute(select(t.operations.c.id).where(condition)).scalar_one_or_none()
    return None if found is None else _whole(connection, found)


def _whole(connection: Connection, operation: str) -> Operation:
    row = connection.execute(select(t.operations).where(t.operations.c.id == operation)).mappings().one()
    states = select(t.operation_states).where(t.operation_states.c.operation == operation).order_by("step")
    items = select(*_item_columns).select_from(_joined).where(_items.c.operation == operation).order_by("position")
    return read_operation(row, connection.execute(states).mappings().all(), connection.execute(items).mappings().all())


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
    connection.execute(insert(t.operations), operation_row(kept))
    connection.execute(insert(t.operation_states), state_rows(kept))
    connection.execute(insert(_items), [item_row(kept.id, position, outcome) for position, outcome in enumerate(items)])
    refused = [
        refusal_row(kept.id, position, outcome, now) for position, outcome in enumerate(items) if outcome.refusal
    ]
    if refused:
        connection.execute(insert(t.refusal_log), refused)
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
    connection.execute(insert(t.receipt_claims), claim)
    return outcome


def _claimed(connection: Connection, programme: int, merchant: int, receipt: bytes) -> bool:
    claims = t.receipt_claims.c
    condition = and_(claims.programme == programme, claims.merchant == merchant, claims.receipt == receipt)
    return connection.execute(select(claims.operation).where(condition)).first() is not None
