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

from node_api.domain.claims import Claim, ClaimOutcome
from node_api.domain.operations import OperationState, RefusalNote, StateChange
from node_api.domain.printable import counted
from node_api.storage import operation_tables as o
from node_api.storage import tables as t
from node_api.storage.bulk import insertion, run_tuples
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.claim_queue_rows import claim_row, read_outcome, round_key
from node_api.storage.claim_tables import claim_counts, claim_seats, claims
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import STATE_COLUMNS, Value, raw, state_rows

_joined = claims.outerjoin(o.outbox_calls, claims.c.call == o.outbox_calls.c.hash)
_WHOLE = select(
    *claims.c, o.outbox_calls.c.block, o.outbox_calls.c.block_hash, o.outbox_calls.c.block_time
).select_from(_joined)
_SEVERAL = _WHOLE.where(claims.c.id.in_(bindparam("of", expanding=True)))
_STATES_OF = (
    select(o.operation_states)
    .where(o.operation_states.c.operation.in_(bindparam("of", expanding=True)))
    .order_by(o.operation_states.c.operation, o.operation_states.c.step)
)
_SEATED = select(claim_seats.c.nullifier, claim_seats.c.holder).where(
    claim_seats.c.round_key == bindparam("of_round"),
    or_(
        claim_seats.c.nullifier.in_(bindparam("of_persons", expanding=True)),
        claim_seats.c.holder.in_(bindparam("of_holders", expanding=True)),
    ),
)
_COUNT = (
    update(claim_counts)
    .where(claim_counts.c.round_key == bindparam("of_round"))
    .values(seats=claim_counts.c.seats + bindparam("more"))
)
_COUNTED = select(claim_counts.c.seats).where(claim_counts.c.round_key == bindparam("of_round"))
_LOCKED_COUNT = _COUNTED.with_for_update()
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
_ADD, _ADD_SEATS = insert(claims), insert(claim_seats)
_ADD_STATES = insertion(o.operation_states, STATE_COLUMNS)
_KEY = "owner", "idempotency_key"


class ClaimTable:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine
        self._counted: set[int] = set()

    def find(self, asked: Sequence[tuple[str, str]]) -> list[ClaimOutcome | None]:
        """See the port."""
        with reading(self._engine) as connection:
            known = _of_keys(connection, asked)
        return [known.get(one) for one in asked]

    def get(self, claim: str) -> ClaimOutcome | None:
        """See the port."""
        return self.several([claim]).get(claim)

    def several(self, wanted: Sequence[str]) -> dict[str, ClaimOutcome]:
        """See the port."""
        with reading(self._engine) as connection:
            return _whole(connection, wanted)

    def add(self, new: Sequence[tuple[ClaimOutcome, int]]) -> list[ClaimOutcome]:
        """See the port."""
        for key in {round_key(outcome.claim) for outcome, _ in new}:
            self._open_count(key)
        try:
            with writing(self._engine) as connection:
                return _add(connection, new)
        except IntegrityError:  # another process was handed such a key, too, on a database whose writers do not queue
            return [self.add([one])[0] for one in new] if len(new) > 1 else self.add(new)

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


def count_seats(connection: Connection, key: int, more: int) -> None:
    """So many more seats of a round are taken; below zero, so many fewer."""
    connection.execute(_COUNT, {"of_round": key, "more": more})


class _Seats:
    """A round's seats within one transaction: until its end no other one gives any."""

    def __init__(self, connection: Connection, key: int, asked: Sequence[Claim]) -> None:
        self._key = key
        ours, others = (
            connection.execute(each, {"of_round": key}).scalar_one() for each in (_LOCKED_COUNT, _OF_OTHERS)
        )
        self._taken = int(ours) + int(others)
        named = {"of_persons": [raw(one.nullifier) for one in asked], "of_holders": [raw(one.holder) for one in asked]}
        there = connection.execute(_SEATED, {"of_round": key, **named}).all()
        self._persons, self._holders = {row.nullifier for row in there}, {row.holder for row in there}
        self._given: list[dict[str, Value]] = []

    def take(self, name: str, claim: Claim, places: int) -> RefusalNote | None:
        """Takes one for a claim; why there is none for it."""
        person, holder = raw(claim.nullifier), raw(claim.holder)
        named = f"round {claim.number} of programme {claim.programme}"
        if person in self._persons:
            return RefusalNote("NullifierUsed", f"{named}, nullifier {claim.nullifier}", None, on_chain=False)
        if holder in self._holders:
            return RefusalNote("HolderClaimed", f"{named}, address {claim.holder}", None, on_chain=False)
        if self._taken >= places:
            return RefusalNote("ClaimsUsedUp", f"{named} has {counted(places, 'place')}", None, on_chain=False)
        self._taken += 1
        self._persons.add(person)
        self._holders.add(holder)
        self._given.append({"round_key": self._key, "nullifier": person, "holder": holder, "claim": name})
        return None

    def keep(self, connection: Connection) -> None:
        """Writes down what was taken."""
        if self._given:
            count_seats(connection, self._key, len(self._given))
            connection.execute(_ADD_SEATS, self._given)


def _of_keys(connection: Connection, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ClaimOutcome]:
    """The claims that were handed in under these owners' keys."""
    rows = rows_by_keys(connection, claims, _KEY, (*_KEY, "id"), asked)
    known = _whole(connection, [name for _, _, name in rows])
    return {(owner, key): known[name] for owner, key, name in rows}


def _whole(connection: Connection, wanted: Sequence[str]) -> dict[str, ClaimOutcome]:
    """Claims by their ids."""
    if not wanted:
        return {}
    rows = connection.execute(_SEVERAL, {"of": wanted}).mappings().all()
    states: dict[str, list[RowMapping]] = {row["id"]: [] for row in rows}
    for state in connection.execute(_STATES_OF, {"of": list(states)}).mappings():
        states[state["operation"]].append(state)
    return {row["id"]: read_outcome(row, states[row["id"]]) for row in rows}


def _add(connection: Connection, new: Sequence[tuple[ClaimOutcome, int]]) -> list[ClaimOutcome]:
    """Those whose key is new, and for each what its key stands for."""
    asked: dict[int, list[Claim]] = {}
    for outcome, _ in new:
        if outcome.state is OperationState.QUEUED:
            asked.setdefault(round_key(outcome.claim), []).append(outcome.claim)
    # always in the same order: each waits for a row that another transaction may hold
    seats = {key: _Seats(connection, key, asked[key]) for key in sorted(asked)}
    kept = _of_keys(connection, [(outcome.owner, outcome.key) for outcome, _ in new])
    added: list[ClaimOutcome] = []
    for outcome, places in new:
        of = outcome.owner, outcome.key
        if of not in kept:
            queued = outcome.state is OperationState.QUEUED
            refusal = seats[round_key(outcome.claim)].take(outcome.id, outcome.claim, places) if queued else None
            kept[of] = outcome if refusal is None else _refused(outcome, refusal)
            added.append(kept[of])
    if added:
        connection.execute(_ADD, [claim_row(outcome) for outcome in added])
        run_tuples(connection, _ADD_STATES, [row for outcome in added for row in state_rows(outcome)])
    for given in seats.values():
        given.keep(connection)
    return [kept[outcome.owner, outcome.key] for outcome, _ in new]


def _refused(outcome: ClaimOutcome, refusal: RefusalNote) -> ClaimOutcome:
    change = StateChange(OperationState.REFUSED, time.time_ns() // 1_000_000)
    history = (*outcome.history[:-1], change)
    return replace(outcome, state=OperationState.REFUSED, refusal=refusal, history=history)
