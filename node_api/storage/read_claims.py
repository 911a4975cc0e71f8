"""Lists of those who may claim, rounds and claimed places, read from the index."""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, func, select

from node_api.domain.claims import ClaimedPlace, RootStep, Round
from node_api.domain.ids import Address, BatchId, Hash, Place, ProgrammeId, RollId
from node_api.domain.models import TxRef
from node_api.storage import tables as t
from node_api.storage.kept import kept
from node_api.storage.prepared import Prepared
from node_api.storage.queries import UPTO, Queries, Record, to_address, to_hash, to_raw, tx_of, with_tx

_NUMBER_BITS = 16
_BATCH_BYTES = 3
_USED = Prepared(
    select(t.claimed_places.c.roll)
    .where(
        t.claimed_places.c.round_key == bindparam("of_round"),
        t.claimed_places.c.nullifier == bindparam("wanted"),
        t.claimed_places.c.block <= UPTO,
    )
    .limit(1)
)
_CLAIMED = Prepared(
    select(t.roll_places.c.roll)
    .join(t.claim_rolls, t.claim_rolls.c.roll == t.roll_places.c.roll)
    .where(
        t.roll_places.c.holder == bindparam("wanted"),
        t.claim_rolls.c.round_key == bindparam("of_round"),
        t.claim_rolls.c.block <= UPTO,
    )
    .limit(1)
)


class ClaimQueries(Queries):
    """Implements `ClaimReader`."""

    def root_steps(self, programme: ProgrammeId) -> list[RootStep]:
        """See the port."""
        table = t.root_steps
        query = with_tx(table).where(table.c.programme == programme, self._upto(table))
        return [
            RootStep(to_hash(row.root), row.kind, to_address(row.actor), row.reason, tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def rounds(self, programme: ProgrammeId) -> list[Round]:
        """See the port."""
        key = t.claim_rounds.c.round_key
        return self._rounds(key > programme << _NUMBER_BITS, key < programme + 1 << _NUMBER_BITS)

    @kept
    def round(self, programme: ProgrammeId, number: int) -> Round | None:
        """See the port."""
        return next(iter(self._rounds(t.claim_rounds.c.round_key == _key(programme, number))), None)

    def is_nullifier_used(self, programme: ProgrammeId, number: int, nullifier: Hash) -> bool:
        """See the port."""
        return self._is_there(_USED, _key(programme, number), to_raw(nullifier))

    def has_claimed(self, programme: ProgrammeId, number: int, holder: Address) -> bool:
        """See the port."""
        return self._is_there(_CLAIMED, _key(programme, number), to_raw(holder))

    def claimed_place(self, roll: RollId, place: Place) -> ClaimedPlace | None:
        """See the port."""
        rolls, places = t.claim_rolls, t.claimed_places
        at = (places.c.roll == rolls.c.roll) & (places.c.place == place)
        query = with_tx(rolls, rolls.join(places, at), places.c.nullifier)
        for row in self._rows(query.where(rolls.c.roll == roll, self._upto(rolls))):
            programme, number = _split(row.round_key)
            return ClaimedPlace(programme, number, to_hash(row.nullifier), tx_of(row))
        return None

    def _is_there(self, query: Prepared, key: int, wanted: bytes) -> bool:
        return bool(query.rows(self._connection, of_round=key, wanted=wanted, upto=self._block.number))

    def _rounds(self, *which: ColumnElement[bool]) -> list[Round]:
        table = t.claim_rounds
        rows = self._rows(with_tx(table).where(*which, self._upto(table)).order_by(table.c.round_key))
        keys = [row.round_key for row in rows]
        given, closed = self._given(keys), self._closed(keys)
        return [_round(row, given.get(row.round_key, 0), closed.get(row.round_key)) for row in rows]

    def _given(self, keys: list[int]) -> dict[int, int]:
        table = t.claim_rolls
        query = select(table.c.round_key, func.sum(table.c.places).label("given"))
        query = query.where(table.c.round_key.in_(keys), self._upto(table)).group_by(table.c.round_key)
        return {row.round_key: int(row.given) for row in self._rows(query)}

    def _closed(self, keys: list[int]) -> dict[int, TxRef]:
        table = t.round_closings
        rows = self._rows(with_tx(table).where(table.c.round_key.in_(keys), self._upto(table)))
        return {row.round_key: tx_of(row) for row in rows}


def _round(row: Record, given: int, closed: TxRef | None) -> Round:
    programme, number = _split(row.round_key)
    packed = row.batches
    return Round(
        programme=programme,
        number=number,
        places=row.places,
        given=given,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        root=to_hash(row.root),
        batches=tuple(
            BatchId(int.from_bytes(packed[at : at + _BATCH_BYTES])) for at in range(0, len(packed), _BATCH_BYTES)
        ),
        actor=to_address(row.actor),
        opened=tx_of(row),
        closed=closed,
    )


def _key(programme: ProgrammeId, number: int) -> int:
    return programme << _NUMBER_BITS | number


def _split(key: int) -> tuple[ProgrammeId, int]:
    return ProgrammeId(key >> _NUMBER_BITS), key & (1 << _NUMBER_BITS) - 1
