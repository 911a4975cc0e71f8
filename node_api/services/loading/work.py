"""What remains to be done to load a folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from node_api.domain.ids import UnixSeconds
from node_api.domain.importing.rows import (
    BatchRow,
    BudgetLineRow,
    CategoryRow,
    IssueRow,
    MerchantRow,
    ProgrammeRow,
    Ref,
    RollRow,
)
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import MerchantStatus, ProgrammeState
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen

MERCHANTS_AT_ONCE = 50
ACTIVATIONS_AT_ONCE = 200
BATCHES_AT_ONCE = 40
NAMES_AT_ONCE = 64
PACK_GAS = 25_000_000
"""Most gas one pack is planned to take."""

PACK_BATCH_GAS, PACK_PAIR_GAS = 30_000, 6_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pack:
    """Batches issued to the same rolls in one transaction."""

    batches: tuple[Ref, ...]
    rolls: tuple[Ref, ...]
    places: int


@dataclass(frozen=True, slots=True)
class Work:
    """What remains, as rows of the files.

    Attributes:
        programmes: those not yet published, or to be activated now.
        states: where each of these stands now.
        activations: whose time has come.
        waiting: whose time has not come.
        deposits: lines without their deposit.
    """

    programmes: tuple[ProgrammeRow, ...]
    states: dict[Ref, int]
    activations: tuple[ProgrammeRow, ...]
    waiting: tuple[ProgrammeRow, ...]
    deposits: tuple[BudgetLineRow, ...]
    names: tuple[CategoryRow, ...]
    merchants: tuple[MerchantRow, ...]
    merchant_activations: tuple[MerchantRow, ...]
    suspensions: tuple[MerchantRow, ...]
    terminals: tuple[tuple[MerchantRow, Wallet], ...]
    terminal_limits: tuple[tuple[MerchantRow, Wallet], ...]
    batches: tuple[BatchRow, ...]
    rolls: tuple[RollRow, ...]
    packs: tuple[Pack, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether all is done, but for programmes whose time has not come."""
        return not any(
            (
                self.programmes,
                self.activations,
                self.deposits,
                self.names,
                self.merchants,
                self.merchant_activations,
                self.suspensions,
                self.terminals,
                self.terminal_limits,
                self.batches,
                self.rolls,
                self.packs,
            )
        )

    def by_state(self, below: ProgrammeState) -> list[ProgrammeRow]:
        """The programmes that stand below a state."""
        return [row for row in self.programmes if self.states[row.ref] < below]


def work_left(folder: ImportFolder, seen: Seen, now: UnixSeconds) -> Work:
    """Compares the folder with what the chain has; `now` decides which programmes can be activated.

    What was changed on chain since a load is in here like what was never there: `undone` tells them apart.
    """
    states = {row.ref: seen.programmes[row.ref].state if row.ref in seen.programmes else 0 for row in folder.programmes}
    statuses = {row.ref: seen.merchants[row.ref].status if row.ref in seen.merchants else 0 for row in folder.merchants}
    earliest = {row.ref: _earliest(row, seen, now) for row in folder.programmes}
    dormant = [row for row in folder.programmes if row.active and states[row.ref] < ProgrammeState.ACTIVE]
    entered = (MerchantStatus.NONE, MerchantStatus.APPLIED)
    missing = tuple(row for row in folder.issues if (row.batch, row.roll) not in seen.issued)
    return Work(
        programmes=tuple(row for row in folder.programmes if states[row.ref] < ProgrammeState.PUBLISHED),
        states=states,
        activations=tuple(row for row in dormant if earliest[row.ref] <= now),
        waiting=tuple(row for row in dormant if earliest[row.ref] > now),
        deposits=tuple(row for row in folder.budget_lines if (row.programme, row.number) not in seen.deposits),
        names=tuple(row for row in folder.categories if seen.names.get(row.category) != row.name),
        merchants=tuple(row for row in folder.merchants if statuses[row.ref] == MerchantStatus.NONE),
        merchant_activations=tuple(row for row in folder.merchants if statuses[row.ref] in entered),
        suspensions=tuple(
            row for row in folder.merchants if row.suspended and statuses[row.ref] < MerchantStatus.SUSPENDED
        ),
        terminals=tuple(
            (row, wallet) for row in folder.merchants for wallet in row.terminals if wallet not in seen.terminals
        ),
        terminal_limits=tuple(
            (row, wallet)
            for row in folder.merchants
            for wallet in row.terminals
            if row.terminal_limit != seen.terminal_limits.get(wallet, 0)
        ),
        batches=tuple(row for row in folder.batches if row.ref not in seen.batches),
        rolls=tuple(row for row in folder.rolls if row.ref not in seen.rolls),
        packs=tuple(packs_of(missing, folder)),
    )


def _earliest(row: ProgrammeRow, seen: Seen, now: UnixSeconds) -> int:
    """When a programme can be activated: what the chain said at its publication, or would say if it were published now."""
    there = seen.programmes.get(row.ref)
    if there is not None and there.earliest:
        return there.earliest
    return max(row.starts_at, now + row.notice) if row.notice else row.starts_at


def chunks(rows: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    """The rows in pieces of at most `size`."""
    for start in range(0, len(rows), size):
        yield tuple(rows[start : start + size])


def packs_of(issues: Iterable[IssueRow], folder: ImportFolder) -> Iterator[Pack]:
    """Puts issues together: rolls that get the same batches share a pack, cut where its gas would grow too large."""
    places = {row.ref: row.places for row in folder.rolls}
    by_roll: defaultdict[Ref, list[Ref]] = defaultdict(list)
    for row in issues:
        by_roll[row.roll].append(row.batch)
    order = {row.ref: position for position, row in enumerate(folder.rolls)}
    by_batches: defaultdict[tuple[Ref, ...], list[Ref]] = defaultdict(list)
    for roll in sorted(by_roll, key=order.__getitem__):
        by_batches[tuple(sorted(by_roll[roll]))].append(roll)
    lines = {row.ref: row.line for row in folder.batches}
    for batches, rolls in by_batches.items():
        ordered = sorted(batches, key=lambda ref: (lines[ref], ref))  # a pack pays each budget line in one go
        for some in chunks(rolls, max(1, (PACK_GAS // PACK_PAIR_GAS) // 50)):
            at_once = max(1, PACK_GAS // (PACK_BATCH_GAS + PACK_PAIR_GAS * len(some)))
            for part in chunks(ordered, at_once):
                yield Pack(part, some, sum(places[roll] for roll in some))
