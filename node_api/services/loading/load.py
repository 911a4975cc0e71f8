"""Loading, stage by stage. Every step asks the chain before it acts, so a load that was cut off goes on where it stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from node_api.domain.ids import Address, Amount, line_id
from node_api.domain.importing.rows import Ref
from node_api.domain.models import ProgrammeState
from node_api.domain.printable import counted
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.again import Told, until_it_stays
from node_api.services.loading.differences import Difference, differences
from node_api.services.loading.seen import Seen, look, look_again
from node_api.services.loading.terms import (
    batch_terms,
    line_terms,
    merchant_terms,
    programme_terms,
    publication_terms,
    rules_terms,
    slip_of,
)
from node_api.services.loading.undone import undone
from node_api.services.loading.work import (
    ACTIVATIONS_AT_ONCE,
    BATCHES_AT_ONCE,
    MERCHANTS_AT_ONCE,
    NAMES_AT_ONCE,
    Work,
    chunks,
    work_left,
)
from node_api.services.ports import treasury as t
from node_api.services.ports.life_commands import SetPublication
from node_api.services.ports.rules_commands import SetTransferCaps
from node_api.services.ports.wallets import ImportWallets

Progress = Callable[[str, int], None]
"""Told the stage and how many of its transactions came into a block since the last time."""


class FolderDiffers(Exception):
    """The chain has other things under references of the folder.

    Attributes:
        differences: all of them.
    """

    def __init__(self, found: list[Difference]) -> None:
        super().__init__(f"{counted(len(found), 'difference')} between the files and the chain, the first: {found[0]}")
        self.differences = found


class FundsMissing(Exception):
    """The treasurer does not hold the money of the deposits, and the token is not one this node can mint."""


@dataclass(slots=True)
class Tally:
    """What a load sent, by kind of command."""

    transactions: Counter[str] = field(default_factory=Counter)
    gas: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, carried: t.Carried) -> None:
        """Counts one command."""
        kind = type(carried.command).__name__
        self.transactions[kind] += 1
        self.gas[kind] += carried.gas

    @property
    def supply_gas(self) -> int:
        """Gas of rolls and issues together."""
        return self.gas["WriteRoll"] + self.gas["IssuePack"]


class Loading:
    """One load of one folder.

    Attributes:
        work: what was left to do when the load began.
        tally: what was done.
    """

    def __init__(
        self, folder: ImportFolder, desk: t.TreasuryDesk, book: t.TreasuryBook, wallets: ImportWallets
    ) -> None:
        """Looks at the chain; sends nothing.

        Raises:
            FolderDiffers: the chain has something else under a reference of the folder.
        """
        self._folder = folder
        self._desk = desk
        self._book = book
        self._wallets = wallets
        self.tally = Tally()
        self._look()
        self.work: Work = self._left

    def _look(self) -> None:
        """Finds out what the chain has and what is left to do. Raises FolderDiffers."""
        self._seen = look(self._folder, self._book, self._wallets)
        self._left = work_left(self._folder, self._seen, self._desk.now())
        found = differences(self._folder, self._seen, self._book, self._wallets)
        if found := found + undone(self._left, self._seen, self._book, self._wallets):
            raise FolderDiffers(found)

    @property
    def seen(self) -> Seen:
        """What the chain has, by reference."""
        return self._seen

    def run(self, progress: Progress = lambda _stage, _count: None, told: Told = lambda _: None) -> Tally:
        """Does everything that is left. Where the chain goes back meanwhile, `told` hears of it, and the load goes on.

        Raises:
            FundsMissing: a deposit has no money behind it.
            CommandRefused: a contract said no; what was done before stays, and another load goes on from there.
            ChainWentBack: the chain went back again and again.
        """
        until_it_stays(lambda: self._attempt(progress), self._look, self._desk, told)
        return self.tally

    def _attempt(self, progress: Progress) -> None:
        stages: tuple[tuple[str, Callable[[], Iterable[t.Command]]], ...] = (
            ("money", self._money),
            ("drafts", self._drafts),
            ("proposals", self._proposals),
            ("approvals", self._approvals),
            ("publication", self._publication),
            ("deposits, batches, rolls", self._supply),
            ("issues", self._issues),
            ("activation", self._activation),
        )
        for name, commands in stages:
            began, sent = time.monotonic(), False
            for carried in self._desk.carry_out(commands()):
                self.tally.add(carried)
                progress(name, 1)
                sent = True
            if sent:
                self._look_again()
            self.tally.seconds[name] = self.tally.seconds.get(name, 0.0) + time.monotonic() - began
        self._seen.programmes.clear()  # their states are others now
        look_again(self._folder, self._book, self._seen)

    def _look_again(self) -> None:
        """Learns the ids of what was just made. Raises ChainWentBack where something is not there."""
        look_again(self._folder, self._book, self._seen)
        state, seen = self.tally.transactions, self._seen
        made: tuple[tuple[str, int, int], ...] = (
            ("DraftProgramme", len(self._folder.programmes), len(seen.programmes)),
            ("EnterMerchants", len(self._folder.merchants), len(seen.merchants)),
            ("OpenBatches", len(self._folder.batches), len(seen.batches)),
            ("WriteRoll", len(self._folder.rolls), len(seen.rolls)),
        )
        if any(state[kind] and wanted != there for kind, wanted, there in made):
            raise t.ChainWentBack("the chain lost what had landed in its blocks")

    # --- stages: within one, no command depends on another role's ---

    def _money(self) -> list[t.Command]:
        """What deposits need. Everything is looked at before the first command goes out."""
        due: Counter[Address] = Counter()
        tokens = {row.ref: self._seen.tokens[row.token] for row in self._folder.programmes}
        for row in self._left.deposits:
            due[tokens[row.programme]] += row.amount
        allowed = [t.AllowToken(token) for token in sorted(set(tokens.values())) if token not in self._seen.allowed]
        return [
            *allowed,
            *(command for token, amount in sorted(due.items()) for command in self._funding(token, amount)),
        ]

    def _funding(self, token: Address, amount: int) -> Iterator[t.Command]:
        balance, allowance = self._book.treasurer_funds(token) or (0, 0)
        if balance < amount:
            if not self._book.is_own_token(token):
                raise FundsMissing(
                    f"the treasurer holds {balance} of token {token}, the deposits take {amount}: "
                    f"send {amount - balance} to the treasurer's account, then load again"
                )
            yield t.MintToken(Amount(amount - balance))
        if allowance < amount:
            yield t.AllowEscrow(token, Amount(amount))

    def _drafts(self) -> Iterator[t.Command]:
        lines: dict[Ref, list[t.LineTerms]] = {}
        for row in sorted(self._folder.budget_lines, key=lambda row: row.number):
            lines.setdefault(row.programme, []).append(line_terms(row, self._wallets.account(row.funder)))
        for programme in self._left.by_state(ProgrammeState.DRAFT):
            terms = programme_terms(programme, self._seen.tokens[programme.token])
            yield t.DraftProgramme(programme.ref, terms, rules_terms(programme), tuple(lines[programme.ref]))
        for names in chunks(self._left.names, NAMES_AT_ONCE):
            yield t.NameCategories(tuple((row.category, row.name) for row in names))
        for merchants in chunks(self._left.merchants, MERCHANTS_AT_ONCE):
            terms_of = self._wallets.account
            yield t.EnterMerchants(tuple((row.ref, merchant_terms(row, terms_of(row.payout))) for row in merchants))

    def _proposals(self) -> Iterator[t.Command]:
        for programme in self._left.by_state(ProgrammeState.PROPOSED):
            there, terms = self._seen.programmes[programme.ref], publication_terms(programme)
            if there.rules != (rules := rules_terms(programme)):  # of a draft, no more than the caps can differ
                yield SetTransferCaps(there.id, 1, rules.transfer_amount, rules.transfer_month_amount)
            if there.publication != terms:
                yield SetPublication(there.id, terms)
            yield t.ProposeProgramme(there.id)
        for merchants in chunks(self._left.merchant_activations, ACTIVATIONS_AT_ONCE):
            yield t.ActivateMerchants(tuple(self._seen.merchants[row.ref].id for row in merchants))

    def _approvals(self) -> Iterator[t.Command]:
        for programme in self._left.by_state(ProgrammeState.APPROVED):
            yield t.ApproveProgramme(self._seen.programme(programme.ref))
        for merchant in self._left.suspensions:
            yield t.SuspendMerchant(self._seen.merchants[merchant.ref].id, "suspended in the import files")
        for merchant, wallet in self._left.terminals:
            yield t.AddTerminal(self._seen.merchants[merchant.ref].id, self._wallets.account(wallet))
        for merchant, wallet in self._left.terminal_limits:
            terminal = self._wallets.account(wallet)
            yield t.LimitTerminal(self._seen.merchants[merchant.ref].id, terminal, merchant.terminal_limit)

    def _publication(self) -> Iterator[t.Command]:
        for programme in self._left.by_state(ProgrammeState.PUBLISHED):
            yield t.PublishProgramme(self._seen.programme(programme.ref))

    def _supply(self) -> Iterator[t.Command]:
        for row in self._left.deposits:
            line = line_id(self._seen.programme(row.programme), row.number)
            yield t.DepositMoney(line, row.amount, slip_of(row))
        for batches in chunks(self._left.batches, BATCHES_AT_ONCE):
            programme = self._seen.programme
            yield t.OpenBatches(tuple((row.ref, batch_terms(row, programme(row.programme))) for row in batches))
        for roll in self._left.rolls:
            holders = self._wallets.holders(roll)
            yield t.WriteRoll(self._seen.programme(roll.programme), roll.ref, roll.custodial, holders)

    def _issues(self) -> Iterator[t.Command]:
        for pack in self._left.packs:
            batches = tuple(self._seen.batch(ref) for ref in pack.batches)
            yield t.IssuePack(batches, tuple(self._seen.roll(ref) for ref in pack.rolls), pack.places)

    def _activation(self) -> Iterator[t.Command]:
        for programme in self._left.activations:
            yield t.ActivateProgramme(self._seen.programme(programme.ref))
