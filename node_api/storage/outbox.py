"""Signed calls of the relayer in the database. Implements the port `OutboxStore`."""

import time
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.item_words import ItemWords
from node_api.domain.models import BlockRef
from node_api.domain.operations import (
    Accepted,
    Declined,
    OperationState,
    Place,
    SentCall,
    Verdict,
    WorkItem,
    overall,
)
from node_api.storage import operation_tables as t
from node_api.storage.bulk import insertion, run_tuples
from node_api.storage.call_blocks import follow_call
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import (
    CLAIM_COLUMNS,
    REASON_COLUMNS,
    WORK,
    Value,
    Values,
    raw,
    read_work,
    spent_text,
)
from node_api.storage.queries import chunks
from node_api.storage.tables import blocks

SIGNED, RESOLVED, ABANDONED = "signed", "resolved", "abandoned"
_calls, _items, _operations, _states = t.outbox_calls, t.operation_items, t.operations, t.operation_states

# Statements of the hot path, put together once: building one takes longer than running it.
_CALL: BindParameter[bytes] = bindparam("of_call")
_MARK_SENT = (
    f"UPDATE {_items.name} SET state = '{OperationState.SENT}', call = ?, call_group = ?, call_item = ? "  # noqa: S608
    f"WHERE operation = ? AND position = ? AND state = '{OperationState.QUEUED}'"
)
_MARK_SPENT = (
    f"UPDATE {_items.name} SET state = '{OperationState.SUCCEEDED}', spent = ? "  # noqa: S608
    "WHERE operation = ? AND position = ?"
)
_CLOSE = (
    update(_calls)
    .where(_calls.c.hash == _CALL)
    .values(
        state=RESOLVED,
        block=bindparam("new_block"),
        block_hash=bindparam("new_block_hash"),
        block_time=bindparam("new_block_time"),
    )
)
_CLOSE_FIRST = _CLOSE.where(_calls.c.state == SIGNED)
_UNDECIDED: dict[str, Value] = dict.fromkeys(("spent", *REASON_COLUMNS, "fault"))
_TOLD_NO = OperationState.REFUSED.value, OperationState.FAILED.value
_CLAIM_AGAIN = insertion(t.receipt_claims, CLAIM_COLUMNS) + " ON CONFLICT DO NOTHING"
_ITEM_STATES = (
    select(_items.c.operation, _items.c.state)
    .where(_items.c.operation.in_(bindparam("wanted", expanding=True)))
    .distinct()
)
_OPERATION_STATES = (
    select(_operations.c.id, _operations.c.state)
    .where(_operations.c.id.in_(bindparam("wanted", expanding=True)))
    .order_by(_operations.c.id)
    .with_for_update()  # another process may bring other items of the same operation to their end: one after the other
)
_ADVANCE = f"UPDATE {_operations.name} SET state = ? WHERE id = ?"  # noqa: S608  names are ours
_ADD_STEP = (
    f"INSERT INTO {_states.name} (operation, step, state, at) "  # noqa: S608  names are ours
    f"SELECT ?, count(*), ?, ? FROM {_states.name} WHERE operation = ?"
)
_LAST_NONCE = select(func.max(_calls.c.nonce)).where(
    and_(_calls.c.state == RESOLVED, _calls.c.sender == bindparam("of_sender"))
)
_LOOKED_BACK = 100
"""Nonces: so many of an account's last calls are looked for where the chain may have gone back."""
_last = (  # with their states, and not more than so many: a search by state first would look at every call there ever was
    select(_calls.c.hash, _calls.c.state, _calls.c.block, _calls.c.block_hash)
    .where(_calls.c.sender == bindparam("of_sender"))
    .where(_calls.c.nonce.between(bindparam("first"), bindparam("last")))
    .limit(2 * _LOOKED_BACK)  # a nonce has more calls than one where some were given up
    .subquery()
)
_stands = select(blocks.c.number).where(blocks.c.number == _last.c.block, blocks.c.hash == _last.c.block_hash)
_indexed = _last.c.block >= select(func.min(blocks.c.number)).scalar_subquery()  # an index begins with its contracts
_lost = select(_last.c.hash).where(_last.c.state == RESOLVED, _indexed, ~_stands.exists())
_LOST = select(_calls).where(_calls.c.hash.in_(_lost)).order_by(_calls.c.nonce)
_ADD_CALL = insert(_calls)
_COUNT_SENT = select(func.count()).select_from(_items).where(_items.c.call == _CALL)


class TakenByOthers(Exception):
    """Another process that shares the database sends some of it: nothing is kept."""


class Outbox:
    """See the port."""

    def __init__(self, engine: Engine, durable: Engine) -> None:
        """The database must have been migrated (`storage.migrate`).

        Args:
            engine: for everything a restart finds out again from the chain.
            durable: the same database, with commits on the disk when they return: for signed bytes about to be sent. On SQLite
                such a commit takes every commit before it to the disk too, the operation's own among them.
        """
        self._engine = engine
        self._durable = durable

    def sending(self, call: SentCall, places: Sequence[Place]) -> bool:
        """See the port."""
        call_hash = raw(call.hash)
        try:
            with writing(self._durable) as connection:
                keep_call(connection, call)
                run_tuples(connection, _MARK_SENT, [_sent(place, call_hash) for place in sorted(places)])
                if connection.execute(_COUNT_SENT, {"of_call": call_hash}).scalar_one() != len(places):
                    raise TakenByOthers
                _advance(connection, {place.operation for place in places})
        except TakenByOthers:
            return False
        return True

    def unresolved(self, sender: Address) -> list[SentCall]:
        """See the port."""
        return self._select(and_(_calls.c.state == SIGNED, _calls.c.sender == raw(sender)))

    def left(self, sender: Address, seconds: float) -> list[SentCall]:
        """See the port."""
        at, since = now(), round(1_000 * seconds)
        long_ago = or_(
            _calls.c.signed_at < at - since, _calls.c.signed_at > at + since
        )  # also by a clock that was set back
        return self._select(and_(_calls.c.state == SIGNED, _calls.c.sender != raw(sender), long_ago))

    def confirmed_from(self, sender: Address, nonce: int) -> list[SentCall]:
        """See the port."""
        return self._select(and_(_calls.c.state == RESOLVED, _calls.c.sender == raw(sender), _calls.c.nonce >= nonce))

    def lost(self, sender: Address, last: int) -> list[SentCall]:
        """See the port."""
        which = {"of_sender": raw(sender), "first": last - _LOOKED_BACK + 1, "last": last}
        with reading(self._engine) as connection:
            return [_call(row) for row in connection.execute(_LOST, which).mappings()]

    def last_nonce(self, sender: Address) -> int | None:
        """See the port."""
        with reading(self._engine) as connection:
            return connection.execute(_LAST_NONCE, {"of_sender": raw(sender)}).scalar_one_or_none()

    def carried(self, call: Hash) -> list[tuple[Place, WorkItem]]:
        """See the port."""
        statement = (
            select(*WORK, _items.c.call_group, _items.c.call_item)
            .where(_items.c.call == raw(call))
            .order_by(_items.c.call_group, _items.c.call_item)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        return [(Place(row.operation, row.position, row.call_group, row.call_item), read_work(row)) for row in rows]

    def resolve(self, call: Hash, block: BlockRef, verdicts: Sequence[tuple[Place, Verdict]]) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            if not close_call(connection, call, block):
                _undo(connection, call)
            _write_verdicts(connection, verdicts)
            return _advance(connection, {place.operation for place, _ in verdicts})

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            if not close_call(connection, call, block):
                _undo(connection, call)
            places = _places(connection, call)
            for place in places:
                _set(connection, place, state="failed", fault=fault)
                _release(connection, place)
            return _advance(connection, {place.operation for place in places})

    def abandon(self, call: Hash) -> None:
        """See the port."""
        with writing(self._engine) as connection:
            give_up_call(connection, call)
            places = _places(connection, call)
            again = {**_UNDECIDED, "state": "queued", "call": None, "call_group": None, "call_item": None}
            not_told_no = and_(_items.c.call == raw(call), _items.c.state.not_in(_TOLD_NO))
            connection.execute(update(_items).where(not_told_no).values(again))
            _advance(connection, {place.operation for place in places})

    def _select(self, condition: object) -> list[SentCall]:
        statement = select(_calls).where(condition).order_by(_calls.c.sender, _calls.c.nonce)  # type: ignore[arg-type]
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


def keep_call(connection: Connection, call: SentCall) -> None:
    """Keeps the signed bytes of a call about to be sent."""
    row = {
        "hash": raw(call.hash),
        "sender": raw(call.sender),
        "nonce": call.nonce,
        "raw": call.raw,
        "state": SIGNED,
        "signed_at": now(),
    }
    connection.execute(_ADD_CALL, row)


def give_up_call(connection: Connection, call: Hash) -> None:
    """Marks a call whose bytes can never take effect; where it stood in a block, the chain has gone back behind that one."""
    nowhere = {"block": None, "block_hash": None, "block_time": None}
    connection.execute(update(_calls).where(_calls.c.hash == raw(call)).values(state=ABANDONED, **nowhere))


def close_call(connection: Connection, call: Hash, block: BlockRef) -> bool:
    """Marks a call that stands in a block.

    Returns: whether that is new. Else the chain may have gone back since and decided otherwise, or another process looked for the
    same receipt.
    """
    where = {"new_block": block.number, "new_block_hash": raw(block.hash), "new_block_time": block.timestamp}
    values = {"of_call": raw(call), **where}
    is_new = connection.execute(_CLOSE_FIRST, values).rowcount == 1
    if not is_new:
        connection.execute(_CLOSE, values)
    follow_call(connection, call)
    return is_new


def _sent(place: Place, call: bytes) -> Values:
    return call, place.group, place.item, place.operation, place.position


def _undo(connection: Connection, call: Hash) -> None:
    """Has a call's items be as before they were decided: each receipt claimed but where somebody has it meanwhile."""
    of_call = _items.c.call == raw(call)
    claimed = select(_items.c.programme, _items.c.merchant, _items.c.words, _items.c.operation, _items.c.position)
    freed = claimed.where(of_call, _items.c.state.in_(_TOLD_NO), _items.c.programme.is_not(None))
    claims = [
        (item.programme, item.merchant, ItemWords(item.words).receipt_bytes, item.operation, item.position)
        for item in connection.execute(freed)
    ]
    run_tuples(connection, _CLAIM_AGAIN, claims)
    connection.execute(update(_items).where(of_call).values(_UNDECIDED))


def _write_verdicts(connection: Connection, verdicts: Sequence[tuple[Place, Verdict]]) -> None:
    done = [
        (spent_text(verdict.spent), place.operation, place.position)
        for place, verdict in verdicts
        if isinstance(verdict, Accepted)
    ]
    run_tuples(connection, _MARK_SPENT, done)
    for place, verdict in verdicts:
        if isinstance(verdict, Declined):
            _decline(connection, place, verdict)


def _decline(connection: Connection, place: Place, verdict: Declined) -> None:
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
    connection.execute(update(_items).where(_stands_at(_items, place)).values(**values))


def _release(connection: Connection, place: Place) -> None:
    """Gives a receipt free again: it was not redeemed against."""
    claims, claimed = t.receipt_claims, select(_items.c.programme, _items.c.merchant, _items.c.words)
    item = connection.execute(claimed.where(_stands_at(_items, place))).one()
    receipt = ItemWords(item.words).receipt_bytes
    claim = and_(claims.c.programme == item.programme, claims.c.merchant == item.merchant, claims.c.receipt == receipt)
    connection.execute(delete(claims).where(claim, _stands_at(claims, place)))


def _stands_at(table: Table, place: Place) -> ColumnElement[bool]:
    return and_(table.c.operation == place.operation, table.c.position == place.position)


def _places(connection: Connection, call: Hash) -> list[Place]:
    rows = connection.execute(select(_items).where(_items.c.call == raw(call))).mappings()
    return [Place(row["operation"], row["position"], row["call_group"], row["call_item"]) for row in rows]


def _advance(connection: Connection, operations: set[str]) -> list[str]:
    """Brings operations to the state of their items; returns those that are final."""
    final, moved = [], []
    for some in chunks(sorted(operations)):
        named = {"wanted": some}
        before = {row.id: row.state for row in connection.execute(_OPERATION_STATES, named)}
        items = defaultdict[str, list[OperationState]](list)
        for operation, value in connection.execute(_ITEM_STATES, named):
            items[operation].append(OperationState(value))
        for operation, states in items.items():
            state = overall(states)
            if state.value != before[operation]:
                moved.append((operation, state.value))
            if state.final:
                final.append(operation)
    if moved:
        run_tuples(connection, _ADVANCE, [(state, operation) for operation, state in moved])
        add_steps(connection, moved, now())
    return final


def add_steps(connection: Connection, moved: Sequence[tuple[str, str]], at: int) -> None:
    """Has the history of each go on with a new state."""
    run_tuples(connection, _ADD_STEP, [(operation, state, at, operation) for operation, state in moved])


def now() -> int:
    """The node's clock, milliseconds since 1970."""
    return time.time_ns() // 1_000_000
