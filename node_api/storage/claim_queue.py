"""Claims between being accepted and being decided. Implements the port `ClaimQueue`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from node_api.domain.claims import Claim, ClaimVerdict, Seated
from node_api.domain.ids import Hash
from node_api.domain.models import BlockRef
from node_api.domain.operations import OperationState, SentCall
from node_api.services.ports.claims import WaitingClaim
from node_api.storage.claim_queue_rows import read_claim
from node_api.storage.claim_tables import claim_seats, claims
from node_api.storage.claims import count_seats
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import Value, raw
from node_api.storage.outbox import TakenByOthers, add_steps, close_call, give_up_call, keep_call, now

_QUEUED, _SENT = OperationState.QUEUED.value, OperationState.SENT.value
_SEATED = _SENT, OperationState.SUCCEEDED.value
"""Of a call's claims those that have a seat: refused and failed ones gave theirs up."""
_UNDECIDED: dict[str, Value] = dict.fromkeys(("roll", "place", "reason", "reason_value", "reason_on_chain", "fault"))
_OLDEST = select(claims).where(claims.c.state == _QUEUED).order_by(claims.c.sequence).limit(1)
_LIKE = (
    select(claims)
    .where(
        claims.c.state == _QUEUED,
        claims.c.round_key == bindparam("of_round"),
        claims.c.custodial == bindparam("of_custody"),
    )
    .order_by(claims.c.sequence)
    .limit(bindparam("most"))
)
_OF_CALL = select(claims).where(claims.c.call == bindparam("of_call")).order_by(claims.c.call_item)
_MARK_SENT = (
    update(claims)
    .where(and_(claims.c.id == bindparam("of"), claims.c.state == _QUEUED))
    .values(state=_SENT, call=bindparam("new_call"), call_item=bindparam("new_item"))
)
_COUNT_SENT = select(func.count()).select_from(claims).where(claims.c.call == bindparam("of_call"))


class ClaimQueueTable:
    """See the port."""

    def __init__(self, engine: Engine, durable: Engine) -> None:
        """As `storage.outbox.Outbox`."""
        self._engine = engine
        self._durable = durable

    def waiting(self, limit: int) -> list[WaitingClaim]:
        """See the port."""
        with reading(self._engine) as connection:
            first = connection.execute(_OLDEST).mappings().first()
            if first is None:
                return []
            which = {"of_round": first["round_key"], "of_custody": first["custodial"], "most": limit}
            rows = connection.execute(_LIKE, which).mappings()
            return [WaitingClaim(row["id"], read_claim(row), row["received_at"]) for row in rows]

    def sending(self, call: SentCall, ids: Sequence[str]) -> bool:
        """See the port."""
        marks = [{"of": name, "new_call": raw(call.hash), "new_item": item} for item, name in enumerate(ids)]
        try:
            with writing(self._durable) as connection:
                keep_call(connection, call)
                connection.execute(_MARK_SENT, marks)
                if connection.execute(_COUNT_SENT, {"of_call": raw(call.hash)}).scalar_one() != len(ids):
                    raise TakenByOthers
                _add_history(connection, ids, OperationState.SENT)
        except TakenByOthers:
            return False
        return True

    def carried(self, call: Hash) -> list[tuple[str, Claim]]:
        """See the port."""
        with reading(self._engine) as connection:
            rows = connection.execute(_OF_CALL, {"of_call": raw(call)}).mappings()
            return [(row["id"], read_claim(row)) for row in rows]

    def resolve(self, call: Hash, block: BlockRef, verdicts: Sequence[tuple[str, ClaimVerdict]]) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            close_call(connection, call, block)
            carried = {row["id"]: row for row in _carried(connection, call)}
            told = [(name, verdict) for name, verdict in verdicts if name in carried]
            for name, verdict in told:
                if isinstance(verdict, Seated):
                    got: dict[str, Value] = {"roll": verdict.roll, "place": verdict.place}
                    _end(connection, carried[name], OperationState.SUCCEEDED, got)
                else:
                    why: dict[str, Value] = {"reason": verdict.reason, "reason_value": "refused by the contract"}
                    _end(connection, carried[name], OperationState.REFUSED, {**why, "reason_on_chain": 1})
            return [name for name, _ in told]

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            close_call(connection, call, block)
            rows = _carried(connection, call)
            for row in rows:
                _end(connection, row, OperationState.FAILED, {"fault": fault})
            return [row["id"] for row in rows]

    def abandon(self, call: Hash) -> None:
        """See the port."""
        with writing(self._engine) as connection:
            give_up_call(connection, call)
            names = [row["id"] for row in _carried(connection, call) if row["state"] in _SEATED]
            again = {**_UNDECIDED, "state": _QUEUED, "call": None, "call_item": None}
            seated = and_(claims.c.call == raw(call), claims.c.state.in_(_SEATED))
            connection.execute(update(claims).where(seated).values(again))
            _add_history(connection, names, OperationState.QUEUED)


def _carried(connection: Connection, call: Hash) -> Sequence[RowMapping]:
    """The claims of a call. Read once the call's own row is written: until the end no other process ends or abandons it."""
    return connection.execute(_OF_CALL, {"of_call": raw(call)}).mappings().all()


def _end(connection: Connection, row: RowMapping, state: OperationState, said: Mapping[str, Value]) -> None:
    """Brings a claim of a call to its end: to another one than before where the chain went back and carried the call out anew.

    Told the same again, it changes nothing: another process may have looked for the same receipt.
    """
    end = {**_UNDECIDED, **said, "state": state.value}
    if all(row[column] == value for column, value in end.items()):
        return
    connection.execute(update(claims).where(claims.c.id == row["id"]).values(end))
    if row["state"] == state.value:
        return
    _add_history(connection, [row["id"]], state)
    had, has = row["state"] in _SEATED, state.value in _SEATED
    if has and not had:
        _take_seat(connection, row)
    if had and not has:
        _free_seats(connection, row["round_key"], claim_seats.c.claim == row["id"])


def _take_seat(connection: Connection, row: RowMapping) -> None:
    """Takes the seat of a claim that had lost it. Whoever was given it meanwhile loses it: the chain will refuse them."""
    key, person, holder = row["round_key"], row["nullifier"], row["holder"]
    count_seats(connection, key, 1)
    _free_seats(connection, key, or_(claim_seats.c.nullifier == person, claim_seats.c.holder == holder))
    seat = {"round_key": key, "nullifier": person, "holder": holder, "claim": row["id"]}
    connection.execute(insert(claim_seats), seat)


def _free_seats(connection: Connection, key: int, which: ColumnElement[bool]) -> None:
    freed = connection.execute(delete(claim_seats).where(claim_seats.c.round_key == key, which)).rowcount
    count_seats(connection, key, -freed)


def _add_history(connection: Connection, names: Sequence[str], state: OperationState) -> None:
    add_steps(connection, [(name, state.value) for name in names], now())
