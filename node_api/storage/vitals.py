"""Figures of the node's own work and of refusals. Implements the port `StoreWatch`.

Operations and refusals are counted by what was added since they were counted before, so that a reading costs no more after
a hundred million of them than after the first.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Connection, Engine, Select, Table, and_, func, select

from node_api.domain.ids import Address
from node_api.domain.operations import OperationState
from node_api.domain.vitals import Queue, StoreVitals
from node_api.storage import operation_tables as o
from node_api.storage import tables as t
from node_api.storage.claim_tables import claims
from node_api.storage.engine import reading
from node_api.storage.operation_rows import raw
from node_api.storage.outbox import RESOLVED, SIGNED

_UNSURE = 1_000
"""Rows at the end that are counted each time: another process may yet add one between them, a chain may yet take blocks back."""
_TAKEN_BACK = 50_000
"""Operations at the end that are counted each time: as many as a minute brings, and a chain takes back no block that is older.

What it takes back goes out again, and may end otherwise than before: as failed, which is an alarm.
"""
_items, _calls, _states = o.operation_items, o.outbox_calls, o.operation_states
_QUEUED = OperationState.QUEUED.value
_IN_FLIGHT = select(func.count(), func.min(_calls.c.signed_at)).where(_calls.c.state == SIGNED)
_SUBSCRIBERS = select(o.subscribers.c.name, o.subscribers.c.failures, o.subscribers.c.gone)


class StoreFigures:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine
        self._lock = threading.Lock()
        states = o.operations.c.sequence, o.operations.c.state
        self._operations = _Growing(o.operations, *states, _first_open, unsure=_TAKEN_BACK)
        self._refused_here = _Growing(o.refusal_log, o.refusal_log.c.number, o.refusal_log.c.reason)
        self._refused_on_chain = _Growing(t.chain_refusals, t.chain_refusals.c.block, t.chain_refusals.c.reason)

    def read(self, sender: Address) -> StoreVitals:
        """See the port."""
        with self._lock, reading(self._engine) as connection:
            on_chain = self._refused_on_chain.count(connection)
            in_flight, oldest_call_at = connection.execute(_IN_FLIGHT).tuples().one()
            subscribers = connection.execute(_SUBSCRIBERS).tuples().all()
            return StoreVitals(
                queues={"redemptions": _queue(connection, _items), "claims": _queue(connection, claims)},
                in_flight=in_flight,
                oldest_call_at=oldest_call_at,
                next_nonce=_next_nonce(connection, sender),
                operations=self._operations.count(connection),
                refused_here=self._refused_here.count(connection),
                failing={name: failures for name, failures, _ in subscribers},
                gone={name: gone for name, _, gone in subscribers},
                refused_on_chain={"0x" + bytes(reason).hex(): count for reason, count in on_chain.items()},
            )


class _Growing:
    """Counts the rows of a table by a column, the ever growing part of it once."""

    def __init__(
        self,
        table: Table,
        order: Column[int],
        label: Column[Any],
        first_moving: Callable[[Connection, int], int | None] = lambda *_: None,
        unsure: int | None = None,
    ) -> None:
        """`first_moving` finds the first row beyond a place whose label may still change; of the last `unsure` all may."""
        self._unsure = _UNSURE if unsure is None else unsure
        self._table, self._order, self._label, self._first_moving = table, order, label, first_moving
        self._settled: Counter[Any] = Counter()
        self._until = 0

    def count(self, connection: Connection) -> dict[Any, int]:
        """How many rows there are of each label."""
        newest = connection.execute(select(func.max(self._order))).scalar_one() or 0
        until = max(self._until, newest - self._unsure)
        moving = self._first_moving(connection, self._until)
        if moving is not None:
            until = max(self._until, min(until, moving - 1))
        self._settled += self._between(connection, self._until, until)
        self._until = until
        return dict(self._settled + self._between(connection, until, newest))

    def _between(self, connection: Connection, after: int, to: int) -> Counter[Any]:
        if to <= after:
            return Counter()
        query = select(self._label, func.count()).where(self._order > after, self._order <= to).group_by(self._label)
        return Counter(dict(connection.execute(query).tuples().all()))


def _first_open(connection: Connection, after: int) -> int | None:
    """The first operation beyond a place that is not final."""
    waiting = select(_items.c.operation).where(o.OPEN).order_by(_items.c.sequence).limit(1)
    first = select(func.min(o.operations.c.sequence)).where(
        o.operations.c.sequence > after, o.operations.c.id.in_(waiting)
    )
    found: int | None = connection.execute(first).scalar_one_or_none()
    return found


def _queue(connection: Connection, table: Table) -> Queue:
    waiting = and_(o.OPEN, table.c.state == _QUEUED)
    oldest = select(table.c.id if table is claims else table.c.operation).where(waiting).order_by(table.c.sequence)
    received = select(_states.c.at).where(_states.c.operation == oldest.limit(1).scalar_subquery(), _states.c.step == 0)
    length = _one(connection, select(func.count()).select_from(table).where(waiting))
    return Queue(length, connection.execute(received).scalar_one_or_none())


def _next_nonce(connection: Connection, sender: Address) -> int | None:
    """The lowest nonce without an outcome, else the one after the highest that has one."""
    mine = _calls.c.sender == raw(sender)
    signed = select(func.min(_calls.c.nonce)).where(mine, _calls.c.state == SIGNED)
    first: int | None = connection.execute(signed).scalar_one()
    if first is not None:
        return first
    resolved = select(func.max(_calls.c.nonce)).where(mine, _calls.c.state == RESOLVED)
    last: int | None = connection.execute(resolved).scalar_one()
    return None if last is None else last + 1


def _one(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.execute(query).scalar_one()
