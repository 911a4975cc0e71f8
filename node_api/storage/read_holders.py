"""Who holds what: the roll's holders, changed by transfers and reassignments, read from the index.

Mostly there are none of these, and the statement that finds that out is shared with what stands over vouchers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, Integer, Table, literal, or_, select, union

from node_api.domain.ids import (
    PLACE_MASK,
    ROLL_MASK,
    Address,
    Place,
    ProgrammeId,
    RollId,
    UnixSeconds,
    VoucherId,
    split_voucher,
)
from node_api.domain.models import Redemption
from node_api.domain.transfers import PlaceChange, Transfer
from node_api.storage import tables as t
from node_api.storage.queries import CHUNK, Query, Record, behind, bounded, to_address, to_raw, tx_of, with_tx
from node_api.storage.read_supply import SupplyQueries

_REASSIGNED = "reassigned"

# Block and log of a change, and who holds it from then on.
Change = tuple[int, int, Address]


class HolderQueries(SupplyQueries):
    """Implements `HolderReader`, and gives the other readers the holders of vouchers."""

    def transfers(
        self,
        *,
        voucher: VoucherId | None = None,
        holder: Address | None = None,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Transfer]:
        """See the port."""
        table = t.transfers
        query = with_tx(table).where(self._upto(table), behind(table, after))
        if voucher is not None:
            query = query.where(table.c.voucher == voucher)
        if holder is not None:
            raw = to_raw(holder)
            query = query.where(or_(table.c.sender == raw, table.c.receiver == raw))
        return [_transfer(row) for row in self._rows(_in_order(query, table).limit(bounded(limit)))]

    def place_changes(self, roll: RollId | None = None, place: Place | None = None) -> list[PlaceChange]:
        """See the port."""
        table = t.place_steps
        query = with_tx(table).where(self._upto(table))
        if roll is not None:
            query = query.where(table.c.roll == roll)
        if place is not None:
            query = query.where(table.c.place == place)
        return [_change(row) for row in self._rows(_in_order(query, table))]

    def moved(
        self, programme: ProgrammeId | None = None
    ) -> tuple[dict[VoucherId, Address], dict[tuple[RollId, Place], Address]]:
        """See the port."""
        if not self._moved:
            return {}, {}
        passed, given, rolls = t.transfers, t.place_steps, t.rolls
        transfers = select(passed.c.voucher, passed.c.receiver).where(self._upto(passed))
        places = select(given.c.roll, given.c.place, given.c.receiver)
        places = places.where(given.c.name == _REASSIGNED, self._upto(given))
        if programme is not None:
            transfers = transfers.where(rolls.c.roll == _roll_of(passed.c.voucher), rolls.c.programme == programme)
            places = places.where(rolls.c.roll == given.c.roll, rolls.c.programme == programme)
        return (
            {row.voucher: to_address(row.receiver) for row in self._rows(_in_order(transfers, passed))},
            {(row.roll, row.place): to_address(row.receiver) for row in self._rows(_in_order(places, given))},
        )

    # --- what it makes of other facts ---

    def _holders_now(self, found: Collection[tuple[VoucherId, Address]]) -> list[Address]:
        """Who holds each voucher at this block; the address given with it stands in its roll."""
        if not self._moved:
            return [address for _, address in found]
        passed = self._passed_on([voucher for voucher, _ in found])
        given = self._places_given([voucher for voucher, _ in found])
        return [
            _last(passed.get(voucher, ())) or _last(given.get(split_voucher(voucher)[1:], ())) or address
            for voucher, address in found
        ]

    def _with_holders_then(self, redemptions: list[Redemption]) -> list[Redemption]:
        """Redemptions whose holder is who held the voucher then, not who stands in its roll."""
        if not self._moved or not redemptions:
            return redemptions
        vouchers = [done.voucher for done in redemptions]
        passed, given = self._passed_on(vouchers), self._places_given(vouchers)
        found = []
        for done in redemptions:
            place = done.tx.block.number, done.tx.log_index
            changes = _before(passed.get(done.voucher, ()), place)
            changes = changes or _before(given.get(split_voucher(done.voucher)[1:], ()), place)
            found.append(replace(done, holder=_last(changes) or done.holder))
        return found

    def _may_hold(
        self, holder: Address, programme: ProgrammeId | None, *, limit: int, after: VoucherId | None
    ) -> list[tuple[VoucherId, Address]]:
        """Vouchers that the holder has, or had before they moved, by ascending id, each with who stands in its roll."""
        wanted = [_in_rolls(to_raw(holder))]
        if self._moved:
            wanted += [_on_given_places(to_raw(holder)), _passed_to(to_raw(holder))]
        queries = []
        for query, number, tables in wanted:
            which = [self._upto(table) for table in tables]
            if programme is not None:
                which += [t.rolls.c.roll == t.roll_places.c.roll, t.rolls.c.programme == programme]
            if after is not None:
                which.append(number > after)
            queries.append(query.where(*which))
        found = union(*queries).order_by("voucher").limit(limit)
        return [(row.voucher, to_address(row.holder)) for row in self._connection.execute(found)]

    def _passed_on(self, vouchers: Iterable[VoucherId]) -> dict[VoucherId, list[Change]]:
        """The transfers of each voucher, in the order of the chain."""
        table = t.transfers
        query = select(table.c.voucher, table.c.block, table.c.log_index, table.c.receiver).where(self._upto(table))
        found: dict[VoucherId, list[Change]] = {}
        for some in _chunks(vouchers):
            for row in self._rows(_in_order(query.where(table.c.voucher.in_(some)), table)):
                found.setdefault(row.voucher, []).append((row.block, row.log_index, to_address(row.receiver)))
        return found

    def _places_given(self, vouchers: Iterable[VoucherId]) -> dict[tuple[RollId, Place], list[Change]]:
        """The reassignments of each voucher's place, in the order of the chain."""
        table = t.place_steps
        query = select(table.c.roll, table.c.place, table.c.block, table.c.log_index, table.c.receiver)
        query = query.where(table.c.name == _REASSIGNED, self._upto(table))
        found: dict[tuple[RollId, Place], list[Change]] = {}
        for some in _chunks({split_voucher(voucher)[1] for voucher in vouchers}):
            for row in self._rows(_in_order(query.where(table.c.roll.in_(some)), table)):
                seat = found.setdefault((row.roll, row.place), [])
                seat.append((row.block, row.log_index, to_address(row.receiver)))
        return found


# A query of vouchers and who stands in their rolls, its column of their numbers, and the tables read as of the block.
_Wanted = tuple[Query, ColumnElement[int], tuple[Table, ...]]


def _in_rolls(holder: bytes) -> _Wanted:
    """Vouchers of the places where the holder stands."""
    places, issues = t.roll_places, t.issues
    number = _number()
    query = select(number.label("voucher"), places.c.holder)
    query = query.select_from(places.join(issues, issues.c.roll == places.c.roll))
    return query.where(places.c.holder == holder), number, (issues,)


def _on_given_places(holder: bytes) -> _Wanted:
    """Vouchers of the places that were once given to the holder."""
    places, issues, steps = t.roll_places, t.issues, t.place_steps
    number = _number()
    here = (steps.c.roll == places.c.roll) & (steps.c.place == places.c.place)
    query = select(number.label("voucher"), places.c.holder)
    query = query.select_from(steps.join(places, here).join(issues, issues.c.roll == places.c.roll))
    return query.where(steps.c.receiver == holder, steps.c.name == _REASSIGNED), number, (issues, steps)


def _passed_to(holder: bytes) -> _Wanted:
    """Vouchers that were once passed on to the holder."""
    places, passed = t.roll_places, t.transfers
    number = passed.c.voucher
    here = (places.c.roll == _roll_of(number)) & (places.c.place == number.bitwise_and(PLACE_MASK))
    query = select(number.label("voucher"), places.c.holder).select_from(passed.join(places, here))
    return query.where(passed.c.receiver == holder), number, (passed,)


def _roll_of(voucher: ColumnElement[int]) -> ColumnElement[int]:
    return voucher.bitwise_rshift(literal(11, Integer)).bitwise_and(ROLL_MASK)


def _number() -> ColumnElement[int]:
    return t.issues.c.batch * (1 << 35) + t.issues.c.roll * (1 << 11) + t.roll_places.c.place


def _in_order(query: Query, table: Table) -> Query:
    return query.order_by(table.c.block, table.c.log_index)


def _before(changes: Iterable[Change], place: tuple[int, int]) -> list[Change]:
    return [change for change in changes if change[:2] < place]


def _last(changes: Iterable[Change]) -> Address | None:
    return next((holder for _, _, holder in reversed(list(changes))), None)


def _chunks(values: Iterable[int]) -> list[list[int]]:
    ordered = list(values)
    return [ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK)]


def _transfer(row: Record) -> Transfer:
    return Transfer(row.voucher, to_address(row.sender), to_address(row.receiver), tx_of(row))


def _change(row: Record) -> PlaceChange:
    return PlaceChange(
        roll=row.roll,
        place=row.place,
        name=row.name,
        receiver=to_address(row.receiver) if row.receiver else None,
        actor=to_address(row.actor),
        ripe_at=UnixSeconds(row.ripe_at) if row.ripe_at else None,
        reason=row.reason,
        tx=tx_of(row),
    )
