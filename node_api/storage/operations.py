"""Operations and claims on receipts in the database. Implements the port `OperationStore`."""

import time
from base64 import b85encode
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from operator import attrgetter

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select
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
from node_api.services.ports.operations import Claim, Held, QueuedItem
from node_api.storage import operation_tables as t
from node_api.storage.bulk import insertion, run_tuples
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.engine import reading, writing
from node_api.storage.operation_rows import (
    CALLS,
    CARGO,
    CLAIM_COLUMNS,
    ITEM_COLUMNS,
    OPERATION_COLUMNS,
    PROGRESS,
    STATE_COLUMNS,
    WORK,
    Progress,
    Values,
    item_row,
    operation_row,
    raw,
    read_operation,
    read_seal,
    read_state,
    read_words,
    read_work,
    refusal_row,
    state_rows,
)
from node_api.storage.prepared import Prepared
from node_api.storage.queries import Record, chunks
from node_api.storage.works import Position, Works

_items = t.operation_items
_KEY = "owner", "idempotency_key"
_CLAIM = CLAIM_COLUMNS[:3]

# Statements of the hot path, put together once: building one takes longer than running it.
_ROWS = select(t.operations).where(t.operations.c.id.in_(bindparam("wanted", expanding=True)))
_STATES = (
    select(t.operation_states.c.operation, t.operation_states.c.state, t.operation_states.c.at)
    .where(t.operation_states.c.operation.in_(bindparam("wanted", expanding=True)))
    .order_by(t.operation_states.c.operation, t.operation_states.c.step)
)
_ITEMS = (
    select(*PROGRESS)
    .where(_items.c.operation.in_(bindparam("wanted", expanding=True)))
    .order_by(_items.c.operation, _items.c.position)
)
_CALLS = select(*CALLS).where(t.outbox_calls.c.hash.in_(bindparam("wanted", expanding=True)))
_WORKS = select(*WORK).where(_items.c.operation.in_(bindparam("wanted", expanding=True)))
_waiting = select(*CARGO).where(t.OPEN, _items.c.state == OperationState.QUEUED.value).order_by(_items.c.sequence)
_QUEUED = Prepared(_waiting.limit(bindparam("most")))
_QUEUED_THERE = Prepared(_waiting.with_only_columns(_items.c.sequence).limit(1).offset(bindparam("before")))
_ADD = insertion(t.operations, OPERATION_COLUMNS)
_ADD_STATES = insertion(t.operation_states, STATE_COLUMNS)
_ADD_ITEMS = insertion(_items, ITEM_COLUMNS)
_ADD_CLAIMS = insertion(t.receipt_claims, CLAIM_COLUMNS)
_ADD_REFUSALS = insert(t.refusal_log)


class Operations:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self.engine, self._works = engine, Works()

    def find(self, asked: Sequence[tuple[str, str]]) -> list[Operation | None]:
        """See the port."""
        with reading(self.engine) as connection:
            found = _ids(connection, asked)
            known = self._whole(connection, list(found.values()))
        return [known.get(found.get(one, "")) for one in asked]

    def get(self, operations: Sequence[str]) -> list[Operation | None]:
        """See the port."""
        with reading(self.engine) as connection:
            known = self._whole(connection, operations)
        return [known.get(one) for one in operations]

    def add(self, operations: Sequence[Operation]) -> list[Operation]:
        """See the port."""
        try:
            with writing(self.engine) as connection:
                return self._add(connection, operations)
        except IntegrityError:  # somebody else was quicker, on a database whose writers do not queue
            if len(operations) > 1:
                return [self.add([one])[0] for one in operations]
            (known,) = self.find([(operations[0].owner, operations[0].key)])
            return [known] if known is not None else self.add(operations)

    def queued(self, limit: int) -> list[QueuedItem]:
        """See the port."""
        with reading(self.engine) as connection:
            rows = _QUEUED.rows(connection, most=limit)
        return [QueuedItem(row.operation, row.position, read_words(row), read_seal(row)) for row in rows]

    def is_queued(self, count: int) -> bool:
        """See the port."""
        with reading(self.engine) as connection:
            return bool(_QUEUED_THERE.rows(connection, before=count - 1))

    def claimed(self, wanted: Collection[Claim]) -> set[Claim]:
        """See the port."""
        with reading(self.engine) as connection:
            return _claimed(connection, wanted)

    def claim(self, wanted: Claim, booking: Hash, capture: int) -> Held:
        """See the port."""
        row, holder = _claim_row(wanted), _holder(booking)
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(t.receipt_claims), {**row, "operation": holder, "position": capture})
        except IntegrityError:
            with reading(self.engine) as connection:
                query = select(t.receipt_claims.c.operation, t.receipt_claims.c.position).filter_by(**row)
                found = connection.execute(query).one_or_none()
            if found is None:
                return self.claim(wanted, booking, capture)
            if found.operation != holder:
                return Held.OTHERS
            return Held.ITSELF if found.position == capture else Held.BOOKING
        return Held.ITSELF

    def give_up(self, held: Claim, booking: Hash, capture: int) -> None:
        """See the port."""
        with writing(self.engine) as connection:
            of = _claim_row(held) | {"operation": _holder(booking), "position": capture}
            connection.execute(delete(t.receipt_claims).filter_by(**of))

    def _add(self, connection: Connection, operations: Sequence[Operation]) -> list[Operation]:
        """Those whose key is new, and for each what its key stands for."""
        ids = _ids(connection, [(one.owner, one.key) for one in operations])
        known = self._whole(connection, list(ids.values())) if ids else {}
        kept = {of: known[operation] for of, operation in ids.items()}
        claims = _Claims(connection, operations)
        new: list[Operation] = []
        for operation in operations:
            of = operation.owner, operation.key
            if of not in kept:
                kept[of] = claims.settle(operation)
                new.append(kept[of])
        if new:
            _insert(connection, new, claims.rows)
            self._works.keep([((one.id, at), item.work) for one in new for at, item in enumerate(one.items)])
        return [kept[one.owner, one.key] for one in operations]

    def _whole(self, connection: Connection, operations: Collection[str]) -> dict[str, Operation]:
        """Operations by their ids."""
        known: dict[str, Operation] = {}
        for wanted in chunks(operations):
            named = {"wanted": wanted}
            states, items = defaultdict[str, list[StateChange]](list), defaultdict[str, list[ItemOutcome]](list)
            rows = connection.execute(_ROWS, named).all()
            for operation, state, at in connection.execute(_STATES, named):
                states[operation].append(read_state(state, at))
            for (operation, _), outcome in self._outcomes(connection, connection.execute(_ITEMS, named).all()):
                items[operation].append(outcome)
            known |= {row.id: read_operation(row, states[row.id], items[row.id]) for row in rows}
        return known

    def _outcomes(self, connection: Connection, rows: Sequence[Record]) -> list[tuple[Position, ItemOutcome]]:
        """Items in the order of their rows, each with what was signed."""
        places: list[Position] = [(row[0], row[1]) for row in rows]
        works = self._works.known(places)
        calls = {row.call for row in rows if row.call is not None}
        missing = {operation for operation, position in places if (operation, position) not in works}
        for some in chunks(missing):
            for row in connection.execute(_WORKS, {"wanted": some}):
                works[row.operation, row.position] = read_work(row)
        progress = Progress([row for some in chunks(calls) for row in connection.execute(_CALLS, {"wanted": some})])
        return [(place, progress.outcome(works[place], row)) for place, row in zip(places, rows, strict=True)]


def _ids(connection: Connection, asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ids of operations by owner and key."""
    rows = rows_by_keys(connection, t.operations, _KEY, (*_KEY, "id"), asked)
    return {(owner, key): operation for owner, key, operation in rows}


def _insert(connection: Connection, operations: Sequence[Operation], claims: Sequence[Values]) -> None:
    """Keys and claims by their order: processes that insert the same ones wait for each other, never in a ring."""
    now = time.time_ns() // 1_000_000
    placed = [(one.id, at, outcome) for one in operations for at, outcome in enumerate(one.items)]
    run_tuples(connection, _ADD, [operation_row(one) for one in sorted(operations, key=attrgetter("owner", "key"))])
    run_tuples(connection, _ADD_STATES, [row for one in operations for row in state_rows(one)])
    run_tuples(connection, _ADD_ITEMS, [item_row(*one) for one in placed])
    run_tuples(connection, _ADD_CLAIMS, sorted(claims))
    refused = [refusal_row(*one, now) for one in placed if one[2].refusal]
    if refused:
        connection.execute(_ADD_REFUSALS, refused)


class _Claims:
    """Claims the receipts of items about to be sent; where somebody has one, the item is refused instead."""

    def __init__(self, connection: Connection, operations: Sequence[Operation]) -> None:
        works = [outcome.work for one in operations for outcome in one.items]
        wanted = {(work.programme, work.item.merchant, work.item.receipt) for work in works if work.programme}
        self._taken = _claimed(connection, wanted)
        self.rows: list[Values] = []

    def settle(self, operation: Operation) -> Operation:
        """The operation with its claims."""
        items = tuple(self._claim(operation.id, at, outcome) for at, outcome in enumerate(operation.items))
        state = overall([outcome.state for outcome in items])
        history = operation.history
        if state is not operation.state:
            history = (*history[:-1], StateChange(state, time.time_ns() // 1_000_000))
        return replace(operation, items=items, state=state, history=history)

    def _claim(self, operation: str, position: int, outcome: ItemOutcome) -> ItemOutcome:
        work = outcome.work
        if outcome.state is not OperationState.QUEUED or work.programme is None:
            return outcome
        claim = (work.programme, work.item.merchant, work.item.receipt)
        if claim in self._taken:
            voucher = work.item.spends[0].voucher  # of a programme, so there is one
            note = RefusalNote("ReceiptUsed", f"receipt {work.item.receipt}", voucher, on_chain=False)
            return outcome._replace(state=OperationState.REFUSED, refusal=note)
        self._taken.add(claim)
        self.rows.append((*claim[:2], raw(claim[2]), operation, position))
        return outcome


def _claim_row(claim: Claim) -> dict[str, int | bytes]:
    programme, merchant, receipt = claim
    return {"programme": programme, "merchant": merchant, "receipt": raw(receipt)}


def _holder(booking: Hash) -> str:
    """Stands where a redemption's claim has its operation: 32 bytes in the 40 characters that there are."""
    return b85encode(raw(booking)).decode()


def _claimed(connection: Connection, wanted: Collection[Claim]) -> set[Claim]:
    storable = [(programme, merchant, raw(receipt)) for programme, merchant, receipt in wanted if merchant < 1 << 63]
    rows = rows_by_keys(connection, t.receipt_claims, _CLAIM, _CLAIM, storable)
    return {(ProgrammeId(one[0]), MerchantId(one[1]), Hash("0x" + one[2].hex())) for one in rows}
