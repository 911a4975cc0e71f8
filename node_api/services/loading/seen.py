"""What the chain has of an import folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from node_api.domain.ids import Address, Amount, BatchId, LineId, MerchantId, ProgrammeId, RollId
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.terms import slip_of
from node_api.services.ports.treasury import (
    BatchSeen,
    MerchantSeen,
    ProgrammeSeen,
    RollSeen,
    TreasuryBook,
)
from node_api.services.ports.wallets import ImportWallets

S = TypeVar("S")


@dataclass(slots=True)
class Seen:
    """Everything of the folder that is on chain, by reference; filled in further while loading.

    Attributes:
        tokens: address by the name the files use.
        deposits: lines whose deposit was made, as (programme, number).
        issued: pairs that were issued, as (batch, roll).
        terminals: merchants whose terminals they are.
        terminal_limits: what the terminals that the folder limits may redeem on a day.
        names: names of categories.
    """

    tokens: dict[str, Address] = field(default_factory=dict)
    allowed: set[Address] = field(default_factory=set)
    programmes: dict[Ref, ProgrammeSeen] = field(default_factory=dict)
    merchants: dict[Ref, MerchantSeen] = field(default_factory=dict)
    batches: dict[Ref, BatchSeen] = field(default_factory=dict)
    rolls: dict[Ref, RollSeen] = field(default_factory=dict)
    deposits: dict[tuple[Ref, int], LineId] = field(default_factory=dict)
    issued: set[tuple[Ref, Ref]] = field(default_factory=set)
    terminals: dict[Wallet, MerchantId] = field(default_factory=dict)
    terminal_limits: dict[Wallet, Amount] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def programme(self, ref: Ref) -> ProgrammeId:
        """The programme's id. Raises KeyError where it is not on chain."""
        return self.programmes[ref].id

    def batch(self, ref: Ref) -> BatchId:
        """The batch's id. Raises KeyError where it is not on chain."""
        return self.batches[ref].id

    def roll(self, ref: Ref) -> RollId:
        """The roll's id. Raises KeyError where it is not on chain."""
        return self.rolls[ref].id


def look(folder: ImportFolder, book: TreasuryBook, wallets: ImportWallets) -> Seen:
    """Asks the chain for everything the folder names."""
    seen = Seen()
    for name in {row.token for row in folder.programmes}:
        token = book.token(name)
        if token is not None:
            seen.tokens[name] = token
            if book.is_token_allowed(token):
                seen.allowed.add(token)
    look_again(folder, book, seen)
    slips = book.deposits([slip_of(row) for row in folder.budget_lines])
    for row, line in zip(folder.budget_lines, slips, strict=True):
        if line is not None:
            seen.deposits[row.programme, row.number] = line
    terminals = [wallet for row in folder.merchants for wallet in row.terminals]
    owners = book.terminals([wallets.account(wallet) for wallet in terminals])
    seen.terminals = {wallet: owner for wallet, owner in zip(terminals, owners, strict=True) if owner is not None}
    limited = [wallet for row in folder.merchants if row.terminal_limit for wallet in row.terminals]
    limits = book.terminal_limits([wallets.account(wallet) for wallet in limited])
    seen.terminal_limits = dict(zip(limited, limits, strict=True))
    numbers = [row.category for row in folder.categories]
    seen.names = dict(zip(numbers, book.category_names(numbers), strict=True))
    seen.issued = _issued(folder, book, seen)
    return seen


def look_again(folder: ImportFolder, book: TreasuryBook, seen: Seen) -> None:
    """Asks for what was not there the last time: programmes, merchants, batches and rolls."""
    _find(seen.programmes, [row.ref for row in folder.programmes], book.programmes)
    _find(seen.merchants, [row.ref for row in folder.merchants], book.merchants)
    _find(seen.batches, [row.ref for row in folder.batches], book.batches)
    _find(seen.rolls, [row.ref for row in folder.rolls], book.rolls)


def _find(known: dict[Ref, S], refs: Sequence[Ref], ask: Callable[[Sequence[str]], list[S | None]]) -> None:
    missing = [ref for ref in refs if ref not in known]
    answers = zip(missing, ask(missing), strict=True)
    known.update({ref: found for ref, found in answers if found is not None})


def _issued(folder: ImportFolder, book: TreasuryBook, seen: Seen) -> set[tuple[Ref, Ref]]:
    """The pairs that were issued; a batch that issued nothing yet need not be asked pair by pair."""
    begun = {ref for ref, batch in seen.batches.items() if batch.issued}
    rows = [row for row in folder.issues if row.batch in begun and row.roll in seen.rolls]
    marks = book.issued([(seen.batch(row.batch), seen.roll(row.roll)) for row in rows])
    return {(row.batch, row.roll) for row, marked in zip(rows, marks, strict=True) if marked}
