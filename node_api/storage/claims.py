"""Claims and their seats in the database. Implements the port `ClaimStore`.

A round's seats are counted in one row, which every claim of the round changes: so processes that share a database give exactly as
many as there are. What other nodes gave stands in the index, in calls that this database never sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Engine, RowMapping, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from node_api.domain.claims import ClaimOutcome
from node_api.domain.operations import OperationState, RefusalNote, StateChange
from node_api.domain.printable import counted
from node_api.storage import operation_tables as o
from node_api.storage import tables as t
from node_api.storage.claim_queue_rows import claim_row, read_outcome, round_key
from node_api.storage.claim_tables import claim_counts, claim_seats, claims
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import raw

_joined = claims.outerjoin(o.outbox_calls, claims.c.call == o.outbox_calls.c.hash)
_WHOLE = select(
    *claims.c, o.outbox_calls.c.block, o.outbox_calls.c.block_hash, o.outbox_calls.c.block_time
).select_from(_joined)
_FIND = _WHOLE.where(and_(claims.c.owner == bindparam("of_owner"), claims.c.idempotency_key == bindparam("of_key")))
_SEVERAL = _WHOLE.where(claims.c.id.in_(bindparam("of", expanding=True)))
_STATES_OF = (
    select(o.operation_states)
    .where(o.operation_states.c.operation.in_(bindparam("of", expanding=True)))
    .order_by(o.operation_states.c.operation, o.operation_states.c.step)
)
_STATES = (
    select(o.operation_states)
    .where(o.operation_states.c.operation == bindparam("of"))
    .order_by(o.operation_states.c.step)
)
_SEATED = select(claim_seats.c.nullifier).where(
    claim_seats.c.round_key == bindparam("of_round"),
    or_(claim_seats.c.nullifier == bindparam("of_person"), claim_seats.c.holder == bindparam("of_holder")),
)
_TAKE = (
    update(claim_counts)
    .where(claim_counts.c.round_key == bindparam("of_round"), claim_counts.c.seats < bindparam("most"))
    .values(seats=claim_counts.c.seats + 1)
)
_COUNTED = select(claim_counts.c.seats).where(claim_counts.c.round_key == bindparam("of_round"))
_OF_OTHERS = (
    select(func.coalesce(func.sum(t.claim_rolls.c.places), 0))
    .select_from(
        t.claim_rolls.join(
            t.transactions,
            and_(
                t.transactions.c.block == t.claim_rolls.c.block, t.transactions.c.tx_index == t.claim_rolls.c.tx_index
            ),
        ).outerjoin(o.outbox_calls, o.outbox_calls.c.hash == t.transactions.c.hash)
    )
    .where(t.claim_rolls.c.round_key == bindparam("of_round"), o.outbox_calls.c.hash.is_(None))
)
_ADD, _ADD_STATES, _ADD_SEAT = insert(claims), insert(o.operation_states), insert(claim_seats)


class ClaimTable:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine
        self._counted: set[int] = set()

    def find(self, owner: str, key: str) -> ClaimOutcome | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _find(connection, owner, key)

    def get(self, claim: str) -> ClaimOutcome | None:
        """See the port."""
        return self.several([claim]).get(claim)

    def several(self, wanted: Sequence[str]) -> dict[str, ClaimOutcome]:
        """See the port."""
        with reading(self._engine) as connection:
            rows = connection.execute(_SEVERAL, {"of": wanted}).mappings().all()
            states: dict[str, list[RowMapping]] = {row["id"]: [] for row in rows}
            for state in connection.execute(_STATES_OF, {"of": list(states)}).mappings():
                states[state["operation"]].append(state)
        return {row["id"]: read_outcome(row, states[row["id"]]) for row in rows}

    def add(self, outcome: ClaimOutcome, places: int) -> ClaimOutcome:
        """See the port."""
        self._open_count(round_key(outcome.claim))
        try:
            with writing(self._engine) as connection:
                known = _find(connection, outcome.owner, outcome.key)
                return known if known is not None else _insert(connection, outcome, places)
        except IntegrityError:  # somebody else was quicker, on a database whose writers do not queue
            return self.add(outcome, places)

    def _open_count(self, key: int) -> None:
        """Makes sure that the round has a row to count in, which it keeps."""
        if key in self._counted:
            return
        self._make_count(key)
        self._counted.add(key)

    def _make_count(self, key: int) -> None:
        with reading(self._engine) as connection:
            if connection.execute(_COUNTED, {"of_round": key}).first() is not None:
                return
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(claim_counts), {"round_key": key, "seats": 0})
        except IntegrityError:
            return  # another process did it


def _find(connection: Connection, owner: str, key: str) -> ClaimOutcome | None:
    row = connection.execute(_FIND, {"of_owner": owner, "of_key": key}).mappings().first()
    return None if row is None else read_outcome(row, _states(connection, row["id"]))


def _states(connection: Connection, claim: str) -> list[RowMapping]:
    return list(connection.execute(_STATES, {"of": claim}).mappings())


def _insert(connection: Connection, outcome: ClaimOutcome, places: int) -> ClaimOutcome:
    kept = outcome
    refusal = _seat(connection, outcome, places) if outcome.state is OperationState.QUEUED else None
    if refusal is not None:
        change = StateChange(OperationState.REFUSED, time.time_ns() // 1_000_000)
        history = (*outcome.history[:-1], change)
        kept = replace(outcome, state=OperationState.REFUSED, refusal=refusal, history=history)
    connection.execute(_ADD, claim_row(kept))
    states = [
        {"operation": kept.id, "step": step, "state": change.state.value, "at": change.at}
        for step, change in enumerate(kept.history)
    ]
    connection.execute(_ADD_STATES, states)
    return kept


def _seat(connection: Connection, outcome: ClaimOutcome, places: int) -> RefusalNote | None:
    """Takes a seat for the claim; why there is none for it."""
    claim = outcome.claim
    key, person, holder = round_key(claim), raw(claim.nullifier), raw(claim.holder)
    named = f"round {claim.number} of programme {claim.programme}"
    seated = connection.execute(_SEATED, {"of_round": key, "of_person": person, "of_holder": holder}).scalars().all()
    if person in seated:
        return RefusalNote("NullifierUsed", f"{named}, nullifier {claim.nullifier}", None, on_chain=False)
    if seated:
        return RefusalNote("HolderClaimed", f"{named}, address {claim.holder}", None, on_chain=False)
    others = int(connection.execute(_OF_OTHERS, {"of_round": key}).scalar_one())
    if not connection.execute(_TAKE, {"of_round": key, "most": places - others}).rowcount:
        return RefusalNote("ClaimsUsedUp", f"{named} has {counted(places, 'place')}", None, on_chain=False)
    seat = {"round_key": key, "nullifier": person, "holder": holder, "claim": outcome.id}
    connection.execute(_ADD_SEAT, seat)
    return None
