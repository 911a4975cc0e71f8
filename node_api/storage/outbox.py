"""Signed calls of the relayer in the database. Implements the port `OutboxStore`."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, RowMapping, and_, delete, func, insert, select, update

from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import (
    Accepted,
    ItemOutcome,
    OperationState,
    Place,
    SentCall,
    Verdict,
    overall,
)
from node_api.storage import operation_tables as t
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import raw, read_item, spent_text

SIGNED, RESOLVED, ABANDONED = "signed", "resolved", "abandoned"
_calls, _items = t.outbox_calls, t.operation_items


class Outbox:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def sending(self, call: SentCall, places: Sequence[Place]) -> None:
        """See the port."""
        call_hash = raw(call.hash)
        row = {
            "hash": call_hash,
            "sender": raw(call.sender),
            "nonce": call.nonce,
            "raw": call.raw,
            "state": SIGNED,
            "signed_at": _now(),
        }
        with writing(self._engine) as connection:
            connection.execute(insert(_calls), row)
            for place in places:
                _set(connection, place, state="sent", call=call_hash, call_group=place.group, call_item=place.item)
            _advance(connection, {place.operation for place in places})

    def unresolved(self) -> list[SentCall]:
        """See the port."""
        return self._select(_calls.c.state == SIGNED)

    def confirmed_from(self, nonce: int) -> list[SentCall]:
        """See the port."""
        return self._select(and_(_calls.c.state == RESOLVED, _calls.c.nonce >= nonce))

    def last_nonce(self) -> int | None:
        """See the port."""
        statement = select(func.max(_calls.c.nonce)).where(_calls.c.state == RESOLVED)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one_or_none()

    def carried(self, call: Hash) -> list[tuple[Place, ItemOutcome]]:
        """See the port."""
        joined = _items.outerjoin(_calls, _items.c.call == _calls.c.hash)
        statement = (
            select(*_items.c, _calls.c.block, _calls.c.block_hash, _calls.c.block_time)
            .select_from(joined)
            .where(_items.c.call == raw(call))
            .order_by(_items.c.call_group, _items.c.call_item)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).mappings().all()
        return [
            (Place(row["operation"], row["position"], row["call_group"], row["call_item"]), read_item(row))
            for row in rows
        ]

    def resolve(self, call: Hash, block: BlockRef, verdicts: Sequence[tuple[Place, Verdict]]) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            _close(connection, call, block)
            for place, verdict in verdicts:
                _write_verdict(connection, place, verdict)
            return _advance(connection, {place.operation for place, _ in verdicts})

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            _close(connection, call, block)
            places = _places(connection, call)
            for place in places:
                _set(connection, place, state="failed", fault=fault)
                _release(connection, place)
            return _advance(connection, {place.operation for place in places})

    def abandon(self, call: Hash) -> None:
        """See the port."""
        with writing(self._engine) as connection:
            connection.execute(update(_calls).where(_calls.c.hash == raw(call)).values(state=ABANDONED))
            places = _places(connection, call)
            for place in places:
                _set(connection, place, state="queued", call=None, call_group=None, call_item=None)
            _advance(connection, {place.operation for place in places})

    def _select(self, condition: object) -> list[SentCall]:
        statement = select(_calls).where(condition).order_by(_calls.c.nonce)  # type: ignore[arg-type]
        with reading(self._engine) as connection:
            return [_call(row) for row in connection.execute(statement).mappings()]


def _call(row: RowMapping) -> SentCall:
    return SentCall(
        hash=Hash("0x" + row["hash"].hex()),
        nonce=row["nonce"],
        sender=Address("0x" + row["sender"].hex()),
        raw=row["raw"],
        block_number=row["block"],
        block_time=None if row["block_time"] is None else UnixSeconds(row["block_time"]),
    )


def _close(connection: Connection, call: Hash, block: BlockRef) -> None:
    where = {"state": RESOLVED, "block": block.number, "block_hash": raw(block.hash), "block_time": block.timestamp}
    connection.execute(update(_calls).where(_calls.c.hash == raw(call)).values(**where))


def _write_verdict(connection: Connection, place: Place, verdict: Verdict) -> None:
    if isinstance(verdict, Accepted):
        _set(connection, place, state="succeeded", spent=spent_text(verdict.spent))
        return
    named = "" if verdict.voucher is None else f"voucher {verdict.voucher}, "
    _set(
        connection,
        place,
        state="refused",
        reason=verdict.reason,
        reason_value=f"{named}refused by the contract",
        reason_voucher=verdict.voucher,
        reason_on_chain=1,
    )
    _release(connection, place)


def _set(connection: Connection, place: Place, **values: int | str | bytes | None) -> None:
    where = and_(_items.c.operation == place.operation, _items.c.position == place.position)
    connection.execute(update(_items).where(where).values(**values))


def _release(connection: Connection, place: Place) -> None:
    """Gives a receipt free again: it was not redeemed against."""
    claims = t.receipt_claims
    where = and_(claims.c.operation == place.operation, claims.c.position == place.position)
    connection.execute(delete(claims).where(where))


def _places(connection: Connection, call: Hash) -> list[Place]:
    rows = connection.execute(select(_items).where(_items.c.call == raw(call))).mappings()
    return [Place(row["operation"], row["position"], row["call_group"], row["call_item"]) for row in rows]


def _advance(connection: Connection, operations: set[str]) -> list[str]:
    """Brings operations to the state of their items; returns those that are final."""
    final = []
    for operation in sorted(operations):
        states = connection.execute(select(_items.c.state).where(_items.c.operation == operation)).scalars()
        state = overall([OperationState(value) for value in states])
        row = connection.execute(select(t.operations.c.state).where(t.operations.c.id == operation)).scalar_one()
        if row != state.value:
            connection.execute(update(t.operations).where(t.operations.c.id == operation).values(state=state.value))
            steps = select(func.count()).where(t.operation_states.c.operation == operation)
            step = connection.execute(steps).scalar_one()
            change = {"operation": operation, "step": step, "state": state.value, "at": _now()}
            connection.execute(insert(t.operation_states), change)
        if state.final:
            final.append(operation)
    return final


def _now() -> int:
    return time.time_ns() // 1_000_000
