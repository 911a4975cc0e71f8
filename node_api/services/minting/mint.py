"""Minting: batches that are open already, given to new rolls. The chain is asked first, so a second run does nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node_api.domain.ids import Amount, BatchId, RollId
from node_api.domain.importing.rows import Ref, RollRow
from node_api.domain.printable import counted
from node_api.services.loading.again import Told, until_it_stays
from node_api.services.loading.load import Progress, Tally
from node_api.services.loading.work import PACK_BATCH_GAS, PACK_GAS, PACK_PAIR_GAS, chunks
from node_api.services.ports import treasury as t
from node_api.services.ports.wallets import ImportWallets

_REF_LENGTH = 64
_ROLLS_AT_ONCE = 48


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the minting cannot be done. Value, the rule it breaks, what to do."""

    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.value}; the rule: {self.rule}; what to do: {self.remedy}"


class MintingImpossible(Exception):
    """Nothing was sent.

    Attributes:
        obstacles: every reason found.
    """

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("; ".join(map(str, obstacles)))
        self.obstacles = tuple(obstacles)


@dataclass(frozen=True, slots=True)
class MintPlan:
    """What remains to be done. `amount` in the token's smallest unit."""

    programme: str
    rolls: int
    pairs: int
    vouchers: int
    amount: Amount


def find_batches(names: Sequence[str], book: t.TreasuryBook) -> list[t.BatchSeen]:
    """Batches by reference or id. Raises MintingImpossible."""
    by_ref = book.batches(names)
    numbers = {name: BatchId(int(name)) for name in names if name.isascii() and name.isdecimal()}
    by_id = dict(zip(numbers, book.batches_by_id(list(numbers.values())), strict=True))
    found = [seen or by_id.get(name) for name, seen in zip(names, by_ref, strict=True)]
    rule, remedy = "the batch is open", "load it first, or correct the reference"
    if missing := [Obstacle(f"batch {n}", rule, remedy) for n, seen in zip(names, found, strict=True) if seen is None]:
        raise MintingImpossible(missing)
    unique = {seen.id: seen for seen in found if seen is not None}
    if len({seen.terms.programme for seen in unique.values()}) > 1:
        rule = "batches given to the same rolls are of one programme"
        raise MintingImpossible([Obstacle(f"batches {', '.join(names)}", rule, "mint each programme by itself")])
    return sorted(unique.values(), key=lambda seen: (seen.terms.line, seen.id))


class Minting:
    """One minting of one file of holders."""

    def __init__(
        self,
        batches: Sequence[t.BatchSeen],
        rolls: Sequence[RollRow],
        desk: t.TreasuryDesk,
        book: t.TreasuryBook,
        wallets: ImportWallets,
    ) -> None:
        """Looks at the chain; sends nothing.

        Raises:
            MintingImpossible: quota, budget, validity or an earlier roll of this reference stands against it.
        """
        self._batches = batches
        self._rolls = rolls
        self._desk = desk
        self._book = book
        self._wallets = wallets
        self._look()
        self.plan = self._plan()
        self.tally = Tally()
        if obstacles := [*self._roll_obstacles(), *self._batch_obstacles()]:
            raise MintingImpossible(obstacles)

    def _look(self) -> None:
        """Finds out which rolls there are and which pairs are left."""
        refs = [row.ref for row in self._rolls]
        self._seen = dict(zip(refs, self._book.rolls(refs), strict=True))
        self._pairs = self._pairs_left()

    def run(self, progress: Progress = lambda _stage, _count: None, told: Told = lambda _: None) -> Tally:
        """Writes the rolls and issues the batches. Where the chain goes back meanwhile, `told` hears of it, and it goes on.

        Raises:
            CommandRefused: a contract said no.
            ChainWentBack: the chain went back again and again.
        """
        until_it_stays(lambda: self._attempt(progress), self._look, self._desk, told)
        return self.tally

    def _attempt(self, progress: Progress) -> None:
        programme = self._batches[0].terms.programme
        missing = [row for row in self._rolls if self._seen[row.ref] is None]
        holders: Callable[[RollRow], bytes] = self._wallets.holders
        writes = (t.WriteRoll(programme, row.ref, row.custodial, holders(row)) for row in missing)
        for carried in self._desk.carry_out(writes):
            self.tally.add(carried)
            progress("rolls", 1)
        self._seen.update(zip(self._seen, self._book.rolls(list(self._seen)), strict=True))
        for carried in self._desk.carry_out(self._packs()):
            self.tally.add(carried)
            progress("issues", 1)

    def _packs(self) -> list[t.IssuePack]:
        """Rolls that lack the same batches share a pack."""
        lacking: dict[tuple[BatchId, ...], list[RollRow]] = {}
        for row in self._rolls:
            batches = tuple(batch.id for batch in self._batches if (batch.id, row.ref) in self._pairs)
            if batches:
                lacking.setdefault(batches, []).append(row)
        return [
            t.IssuePack(some, tuple(self._roll_id(row.ref) for row in rows), sum(row.places for row in rows))
            for batches, all_rows in lacking.items()
            for rows in chunks(all_rows, _ROLLS_AT_ONCE)
            for some in chunks(batches, max(1, PACK_GAS // (PACK_BATCH_GAS + PACK_PAIR_GAS * len(rows))))
        ]

    def _roll_id(self, ref: Ref) -> RollId:
        seen = self._seen[ref]
        if seen is None:  # rolls are written before they are issued to
            raise t.ChainWentBack("the chain lost a roll that had landed in its blocks")
        return seen.id

    def _pairs_left(self) -> set[tuple[BatchId, Ref]]:
        there = [(batch.id, ref, seen.id) for batch in self._batches for ref, seen in self._seen.items() if seen]
        marks = self._book.issued([(batch, roll) for batch, _, roll in there])
        done = {(batch, ref) for (batch, ref, _), marked in zip(there, marks, strict=True) if marked}
        return {(batch.id, row.ref) for batch in self._batches for row in self._rolls} - done

    def _plan(self) -> MintPlan:
        places = {row.ref: row.places for row in self._rolls}
        face = {batch.id: batch.terms.face for batch in self._batches}
        return MintPlan(
            programme=self._rolls[0].programme,
            rolls=sum(seen is None for seen in self._seen.values()),
            pairs=len(self._pairs),
            vouchers=sum(places[ref] for _, ref in self._pairs),
            amount=Amount(sum(face[batch] * places[ref] for batch, ref in self._pairs)),
        )

    def _roll_obstacles(self) -> list[Obstacle]:
        found: list[Obstacle] = []
        for row in self._rolls:
            seen = self._seen[row.ref]
            if len(row.ref) > _REF_LENGTH:
                found.append(
                    Obstacle(row.ref, f"a roll's reference has at most {_REF_LENGTH} characters", "shorten --ref")
                )
            elif seen is not None and not self._is_same(seen, row):
                rule = "a reference names one list of holders for ever"
                found.append(Obstacle(f"roll {row.ref} is on chain with other holders", rule, "choose another --ref"))
        return found

    def _is_same(self, seen: t.RollSeen, row: RollRow) -> bool:
        same_kind = seen.programme == self._batches[0].terms.programme and seen.custodial == row.custodial
        return same_kind and self._book.holders([seen.pointer])[0] == self._wallets.holders(row)

    def _batch_obstacles(self) -> list[Obstacle]:
        places = {row.ref: row.places for row in self._rolls}
        clock, found, amounts = self._book.clock(self._batches[0].terms.programme), list[Obstacle](), dict[int, int]()
        for batch in self._batches:
            count = sum(places[ref] for number, ref in self._pairs if number == batch.id)
            left = batch.terms.quota - batch.issued - batch.reserved
            if count > left:
                rule = f"a batch issues no more than its quota of {batch.terms.quota:,}"
                remedy = f"leave {counted(count - left, 'holder')} out, or open another batch"
                there = f"batch {batch.id}: {counted(count, 'voucher')}, {left:,} left{_kept(batch.reserved)}"
                found.append(Obstacle(there, rule, remedy))
            end = batch.terms.valid_until + batch.extended_seconds
            if count and clock >= end:
                rule = "a batch is issued before its validity ends"
                end += self._desk.now() - clock  # by the clock on the wall
                found.append(Obstacle(f"batch {batch.id} ended at {end}", rule, "open another batch"))
            amounts[batch.terms.line] = amounts.get(batch.terms.line, 0) + count * batch.terms.face
        return [*found, *self._line_obstacles(amounts)]

    def _line_obstacles(self, amounts: dict[int, int]) -> list[Obstacle]:
        programme = self._batches[0].terms.programme
        found: list[Obstacle] = []
        for line, amount in amounts.items():
            available, kept = self._book.line_money(programme, line)
            if amount > available:
                rule = "vouchers are issued only with money of their budget line behind them"
                remedy = f"deposit {amount - available:,} more into line {line}, or leave holders out"
                there = f"line {line}: {amount:,} to issue, {available:,} available{_kept(kept)}"
                found.append(Obstacle(there, rule, remedy))
        return found


def _kept(reserved: int) -> str:
    return f" beside the {reserved:,} kept for rounds of claims" if reserved else ""
