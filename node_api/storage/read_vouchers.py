"""Vouchers, redemptions and refusals, read from the index. A voucher has no row: what is said of it is put together here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Integer, bindparam, func, literal, select

from node_api.domain.ids import (
    NOTHING,
    PLACE_MASK,
    ROLL_MASK,
    VOUCHER_BITS,
    Address,
    Amount,
    BatchId,
    Day,
    MerchantId,
    ProgrammeId,
    RollId,
    VoucherId,
    split_voucher,
)
from node_api.domain.models import Batch, Redemption, Roll, Taken, VoucherFacts, VoucherKind
from node_api.domain.tracing import Marks
from node_api.domain.trail import Commitment, Refusal
from node_api.storage import tables as t
from node_api.storage.booking_ends import booking_ends
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.prepared import Prepared
from node_api.storage.queries import (
    Query,
    Record,
    bounded,
    chunks,
    count_of,
    to_address,
    to_hash,
    tx_of,
    with_tx,
)
from node_api.storage.read_holders import HolderQueries
from node_api.storage.stands import STANDS, marks_of
from node_api.storage.sums import lines_of

_FEW = 100

_PLACE, _VOUCHER = ("roll", "place"), ("voucher",)


class VoucherQueries(HolderQueries):
    """Implements `VoucherReader`, and what an auditor asks beyond it."""

    _looked_at: tuple[VoucherId | None, Record | None] = (None, None)
    _redeemed_of: tuple[VoucherId | None, list[tuple[Redemption, bool]]] = (None, [])

    def voucher(self, voucher: VoucherId) -> VoucherFacts | None:
        """See the port."""
        if voucher < 0 or voucher >> VOUCHER_BITS:
            return None
        if self._at_head:
            return self._facts_at_head(voucher)
        _, roll_id, place = split_voucher(voucher)
        places = t.roll_places
        query = select(places.c.holder).where(places.c.roll == roll_id, places.c.place == place, self._upto(places))
        holder = self._connection.execute(query).scalar_one_or_none()
        if holder is None:
            return None
        facts = self._assemble([(voucher, to_address(holder))])
        return facts[0] if facts else None

    def vouchers(self, vouchers: Collection[VoucherId]) -> dict[VoucherId, VoucherFacts]:
        """See the port."""
        split = {one: split_voucher(one)[1:] for one in vouchers if 0 <= one < 1 << VOUCHER_BITS}
        columns = *_PLACE, "holder", "block"
        rows = rows_by_keys(self._connection, t.roll_places, _PLACE, columns, split.values())
        stands = {
            (roll, place): to_address(holder) for roll, place, holder, block in rows if block <= self._block.number
        }
        found = [(voucher, stands[place]) for voucher, place in sorted(split.items()) if place in stands]
        return {facts.voucher: facts for facts in self._assemble(found)}

    def _facts_at_head(self, voucher: VoucherId) -> VoucherFacts | None:
        """What a till asks for: two statements, built once; at the head nothing need be left out."""
        batch_id, roll_id, place = split_voucher(voucher)
        batch, roll = self._batch_at_head(batch_id), self._roll_at_head(roll_id)
        found = self._stands(voucher)
        if batch is None or roll is None or found is None or batch.programme != roll.programme:
            return None
        stands = to_address(found.holder)
        spent = self._with_holders_then([one for one, taken_back in self._done(voucher) if not taken_back])
        (holder,) = self._holders_now([(voucher, stands)])
        facts = VoucherFacts(
            voucher,
            batch,
            roll,
            place,
            holder,
            bool(found.issued),
            spent[-1] if spent else None,
            bool(found.swept),
            roll_holder=stands,
        )
        return self._standing(self._taken(facts))

    def marks(self, voucher: VoucherId) -> Marks:
        """See the port."""
        found = self._stands(voucher) if self._at_head else None
        return Marks() if found is None else marks_of(found, frozen=self._any[0])

    def _stands(self, voucher: VoucherId) -> Record | None:
        """What one statement tells of a voucher at the head; asked once where it is the last one asked about."""
        if self._looked_at[0] != voucher:
            batch, roll, place = split_voucher(voucher)
            named = {"of_voucher": voucher, "of_batch": batch, "of_roll": roll, "at": place}
            self._looked_at = voucher, next(iter(STANDS.rows(self._connection, **named)), None)
        return self._looked_at[1]

    def _done(self, voucher: VoucherId) -> list[tuple[Redemption, bool]]:
        """The voucher's redemptions at the head, by number, each with whether it was taken back."""
        if self._redeemed_of[0] != voucher:
            rows = _REDEEMED.rows(self._connection, of_voucher=voucher)
            self._redeemed_of = voucher, [(_redemption(row), bool(row.taken_back)) for row in rows]
        return self._redeemed_of[1]

    def _batch_at_head(self, batch: BatchId) -> Batch | None:
        return self._facts.one("batch", batch, lambda: self.batch(batch))

    def _roll_at_head(self, roll: RollId) -> Roll | None:
        return self._facts.one("roll", roll, lambda: self.roll(roll))

    def vouchers_of(
        self,
        holder: Address,
        programme: ProgrammeId | None = None,
        *,
        limit: int = 100,
        after: VoucherId | None = None,
    ) -> list[VoucherFacts]:
        """See the port."""
        lower = Address(holder.lower())
        found: list[VoucherFacts] = []
        while True:
            page = self._may_hold(lower, programme, limit=bounded(limit), after=after)
            found += [facts for facts in self._all_facts(page) if facts.holder == lower]
            if len(page) < limit or len(found) >= limit:
                return found[:limit]
            after = page[-1][0]

    def redemption(self, number: int) -> Redemption | None:
        """See the port."""
        return next(iter(self._redemptions(with_holder().where(t.redemptions.c.number == number))), None)

    def redemption_of(self, voucher: VoucherId) -> Redemption | None:
        """See the port."""
        if voucher < 0 or voucher >> VOUCHER_BITS:
            return None
        return self._not_reversed([voucher]).get(voucher)

    def redemptions(
        self,
        *,
        merchant: MerchantId | None = None,
        day: Day | None = None,
        programme: ProgrammeId | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[Redemption]:
        """See the port."""
        table = t.redemptions
        which = [table.c.number > after, *lines_of(table.c.line, programme)]
        if merchant is not None:
            which.append(table.c.merchant == merchant)
        if day is not None:
            which.append(table.c.day == day)
        if not self._at_head:
            which.append(self._upto(table))
        # The numbers first, which the index of merchants tells: else all rows behind the page are put together and sorted.
        page = select(table.c.number).where(*which).order_by(table.c.number).limit(bounded(limit))
        return self._redemptions(with_holder().where(table.c.number.in_(page)).order_by(table.c.number))

    def refusals(
        self, *, voucher: VoucherId | None = None, merchant: MerchantId | None = None, limit: int = 100
    ) -> list[Refusal]:
        """See the port."""
        table = t.chain_refusals
        query = with_tx(table).where(self._upto(table))
        if voucher is not None:
            query = query.where(table.c.voucher == voucher)
        if merchant is not None:
            query = query.where(table.c.merchant == merchant)
        newest = query.order_by(table.c.block.desc(), table.c.log_index.desc()).limit(bounded(limit))
        return [_refusal(row) for row in self._rows(newest)]

    def refused_at(self, merchant: MerchantId) -> int:
        """See the port."""
        table = t.chain_refusals
        query = select(func.count()).select_from(table).where(table.c.merchant == merchant, self._upto(table))
        return self._connection.execute(query).scalar_one()

    def commitment_of(self, number: int) -> Commitment | None:
        """The commitment of the call that the redemption of this number belongs to."""
        table = t.commitments
        query = with_tx(table).where(table.c.first_number <= number, self._upto(table))
        for row in self._rows(query.order_by(table.c.first_number.desc()).limit(1)):
            count = count_of(row)
            if number < row.first_number + count:
                return Commitment(row.first_number, count, to_hash(row.commitment), tx_of(row))
        return None

    def redemptions_from(self, first: int, count: int) -> list[Redemption]:
        """`count` redemptions from number `first` on, by number."""
        number = t.redemptions.c.number
        return self._redemptions(with_holder().where(number >= first, number < first + count).order_by(number))

    def _all_facts(self, found: Sequence[tuple[VoucherId, Address]]) -> list[VoucherFacts]:
        """Facts of vouchers that exist: a few at the head one by one, whose batches and rolls are known already."""
        if not self._at_head or len(found) > _FEW:
            return self._assemble(found)
        return [facts for voucher, _ in found if (facts := self._facts_at_head(voucher)) is not None]

    def _assemble(self, found: Sequence[tuple[VoucherId, Address]]) -> list[VoucherFacts]:
        """Facts of vouchers whose roll and place exist, in the order given; those without a batch are left out."""
        split = [split_voucher(voucher) for voucher, _ in found]
        batches = self._batches_by_id({batch for batch, _, _ in split})
        rolls = self._rolls_by_id({roll for _, roll, _ in split})
        pairs = {(batch, roll) for batch, roll, _ in split}
        issued, swept = self._existing(pairs, swept=False), self._existing(pairs, swept=True)
        redeemed = self._not_reversed([voucher for voucher, _ in found])
        holders = self._holders_now(found)
        facts = []
        for (voucher, stands), holder, (batch_id, roll_id, place) in zip(found, holders, split, strict=True):
            batch, roll, pair = batches.get(batch_id), rolls[roll_id], (batch_id, roll_id)
            if batch is None or batch.programme != roll.programme:
                continue
            spent = redeemed.get(voucher)
            found_facts = VoucherFacts(
                voucher, batch, roll, place, holder, pair in issued, spent, pair in swept, roll_holder=stands
            )
            facts.append(self._standing(self._taken(found_facts)))
        return facts

    def _taken(self, facts: VoucherFacts) -> VoucherFacts:
        """With what was taken from it, where it is no fixed value. Stored value with a rest is not redeemed."""
        kind = facts.batch.kind
        if kind == VoucherKind.FIXED:
            return facts
        table = t.redemptions
        stands = ~_reversal().where(self._upto(t.reversals)).exists()
        query = select(table.c.amount, stands.label("stands")).where(
            table.c.voucher == facts.voucher, self._upto(table)
        )
        rows = self._rows(query)
        spent = Amount(sum(row.amount for row in rows if row.stands))
        if kind == VoucherKind.PERCENTAGE:
            return replace(facts, taken=Taken(spent))
        booked, captured, bookings = self._set_aside(facts.voucher)
        taken = Taken(spent, booked, len(rows) - captured + bookings)
        return replace(facts, taken=taken, redeemed=facts.redeemed if spent == facts.batch.face else None)

    def _set_aside(self, voucher: VoucherId) -> tuple[Amount, int, int]:
        """Of stored value: what its open bookings hold, how many were captured, how many there are."""
        if not self._any[3]:
            return NOTHING, 0, 0
        rows = self._rows(booking_ends(self.block.number, t.bookings.c.voucher == voucher))
        held = Amount(sum(row.amount for row in rows if not row.captured and not row.released))
        return held, sum(row.captured for row in rows), len(rows)

    def _batches_by_id(self, ids: Collection[BatchId]) -> dict[BatchId, Batch]:
        def read(missing: Collection[BatchId]) -> dict[BatchId, Batch]:
            column = t.batches.c.batch
            return {batch.id: batch for some in chunks(missing) for batch in self._batches((column.in_(some),))}

        return self._facts.among("batch", ids, read)

    def _rolls_by_id(self, ids: Collection[RollId]) -> dict[RollId, Roll]:
        def read(missing: Collection[RollId]) -> dict[RollId, Roll]:
            column = t.rolls.c.roll
            return {roll.id: roll for some in chunks(missing) for roll in self._rolls((column.in_(some),))}

        return self._facts.among("roll", ids, read)

    def _existing(self, pairs: Collection[tuple[BatchId, RollId]], *, swept: bool) -> set[tuple[BatchId, RollId]]:
        """Which of the pairs were issued, or swept."""

        def read(missing: Collection[tuple[BatchId, RollId]]) -> dict[tuple[BatchId, RollId], bool]:
            return dict.fromkeys(self._marked(missing, swept=swept), True)

        return set(self._facts.among("swept" if swept else "issued", pairs, read))

    def _marked(self, pairs: Collection[tuple[BatchId, RollId]], *, swept: bool) -> set[tuple[BatchId, RollId]]:
        table = t.sweeps if swept else t.issues
        found: set[tuple[BatchId, RollId]] = set()
        for rolls in chunks({roll for _, roll in pairs}):
            for batches in chunks({batch for batch, _ in pairs}):
                which: tuple[ColumnElement[bool], ...] = (table.c.roll.in_(rolls), table.c.batch.in_(batches))
                query = select(table.c.batch, table.c.roll).where(*which, self._upto(table))
                found.update((row.batch, row.roll) for row in self._rows(query))
        return found

    def _not_reversed(self, vouchers: Collection[VoucherId]) -> dict[VoucherId, Redemption]:
        """The redemptions that stand. Of a till's vouchers hardly any was redeemed before, and that is asked first."""
        found: dict[VoucherId, Redemption] = {}
        stands = ~_reversal().where(self._upto(t.reversals)).exists()
        asked = [(voucher,) for voucher in vouchers]
        redeemed = {one for (one,) in rows_by_keys(self._connection, t.redemptions, _VOUCHER, _VOUCHER, asked)}
        for some in chunks(redeemed):
            query = with_holder().where(t.redemptions.c.voucher.in_(some), stands).order_by(t.redemptions.c.number)
            found |= {redemption.voucher: redemption for redemption in self._redemptions(query)}
        return found

    def _redemptions(self, query: Query) -> list[Redemption]:
        found = [_redemption(row) for row in self._rows(query.where(self._upto(t.redemptions)))]
        return self._with_holders_then(found)


def with_holder() -> Query:
    """Redemptions with their transaction and the holder at the voucher's place."""
    table, places = t.redemptions, t.roll_places
    roll = table.c.voucher.bitwise_rshift(literal(11, Integer)).bitwise_and(ROLL_MASK)
    place = table.c.voucher.bitwise_and(PLACE_MASK)
    source = table.join(places, (places.c.roll == roll) & (places.c.place == place))
    return with_tx(table, source, places.c.holder)


def _reversal() -> Query:
    """The reversal of a redemption of an outer query."""
    return (
        select(literal(1))
        .select_from(t.reversals)
        .where(t.reversals.c.number == t.redemptions.c.number)
        .correlate(t.redemptions)
    )


_REDEEMED = Prepared(
    with_holder()
    .add_columns(_reversal().exists().label("taken_back"))
    .where(t.redemptions.c.voucher == bindparam("of_voucher"))
    .order_by(t.redemptions.c.number)
)


def _redemption(row: Record) -> Redemption:
    return Redemption(
        number=row.number,
        voucher=row.voucher,
        holder=to_address(row.holder),
        merchant=row.merchant,
        line=row.line,
        terminal=None if row.terminal is None else to_address(row.terminal),
        receipt=to_hash(row.receipt),
        digest=to_hash(row.digest),
        amount=row.amount,
        rules_version=row.rules_version,
        day=row.day,
        tx=tx_of(row),
    )


def _refusal(row: Record) -> Refusal:
    return Refusal(
        voucher=row.voucher,
        merchant=MerchantId(0) if row.merchant is None else row.merchant,  # no merchant could have such a number
        digest=None if row.digest is None else to_hash(row.digest),
        group=row.group_index,
        item=row.item_index,
        reason="0x" + row.reason.hex(),
        tx=tx_of(row),
    )
