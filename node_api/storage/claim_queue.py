"""Claims between being accepted and being decided. Implements the port `ClaimQueue`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, and_, bindparam, delete, func, select, update

from node_api.domain.claims import Claim, ClaimVerdict, Seated
from node_api.domain.ids import Hash
from node_api.domain.models import BlockRef
from node_api.domain.operations import OperationState, SentCall
from node_api.services.ports.claims import WaitingClaim
from node_api.storage.claim_queue_rows import read_claim
from node_api.storage.claim_tables import claim_counts, claim_seats, claims
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import Value, raw
from node_api.storage.outbox import TakenByOthers, add_steps, close_call, give_up_call, keep_call, now

_QUEUED, _SENT = OperationState.QUEUED.value, OperationState.SENT.value
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
            for name, verdict in verdicts:
                if isinstance(verdict, Seated):
                    got = {"roll": verdict.roll, "place": verdict.place}  # written anew where the chain went back
                    connection.execute(update(claims).where(claims.c.id == name).values(**got))
                    _end(connection, name, OperationState.SUCCEEDED)
                    continue
                why: dict[str, Value] = {"reason": verdict.reason, "reason_value": "refused by the contract"}
                _end(connection, name, OperationState.REFUSED, **why, reason_on_chain=1)
            return [name for name, _ in verdicts]

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        with writing(self._engine) as connection:
            close_call(connection, call, block)
            names = _names(connection, call)
            for name in names:
                _end(connection, name, OperationState.FAILED, fault=fault)
            return names

    def abandon(self, call: Hash) -> None:
        """See the port."""
        with writing(self._engine) as connection:
            give_up_call(connection, call)
            names = _names(connection, call)
            again = {"state": _QUEUED, "call": None, "call_item": None}
            connection.execute(
                update(claims).where(claims.c.call == raw(call), claims.c.state == _SENT).values(**again)
            )
            _add_history(connection, names, OperationState.QUEUED)


def _names(connection: Connection, call: Hash) -> list[str]:
    return [row["id"] for row in connection.execute(_OF_CALL, {"of_call": raw(call)}).mappings()]


def _end(connection: Connection, name: str, state: OperationState, **values: Value) -> None:
    """Brings a claim to its end, once: another process may have looked for the same receipt."""
    where = and_(claims.c.id == name, claims.c.state == _SENT)
    if not connection.execute(update(claims).where(where).values(state=state.value, **values)).rowcount:
        return
    _add_history(connection, [name], state)
    if state is OperationState.SUCCEEDED:
        return
    key, person = connection.execute(select(claims.c.round_key, claims.c.nullifier).where(claims.c.id == name)).one()
    connection.execute(delete(claim_seats).where(claim_seats.c.round_key == key, claim_seats.c.nullifier == person))
    fewer = update(claim_counts).where(claim_counts.c.round_key == key).values(seats=claim_counts.c.seats - 1)
    connection.execute(fewer)


def _add_history(connection: Connection, names: Sequence[str], state: OperationState) -> None:
    add_steps(connection, [(name, state.value) for name in names], now())
