"""Where the chain has something else under a reference than the folder says. Nothing is loaded while there is a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

from node_api.domain.importing.rows import BudgetLineRow, MerchantRow, ProgrammeRow, Ref, RollRow
from node_api.domain.models import ProgrammeState
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen
from node_api.services.loading.terms import (
    batch_terms,
    line_terms,
    merchant_terms,
    programme_terms,
    publication_terms,
    rules_terms,
)
from node_api.services.ports.treasury import ProgrammeSeen, RulesTerms, TreasuryBook
from node_api.services.ports.wallets import ImportWallets

_NEW_REF = "what is on chain never changes: give the changed one a new reference, or put the file back as it was"
_HOLDERS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing the folder and the chain disagree about.

    Attributes:
        kind: programme, budget line, merchant, terminal, batch, roll or token.
        ref: its reference.
        field: which term.
        there: what the chain has.
        here: what the folder says.
        remedy: what to do.
    """

    kind: str
    ref: str
    field: str
    there: str
    here: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.ref}: {self.field} is {self.there} on chain and {self.here} in the files; {self.remedy}"
        )


def differences(folder: ImportFolder, seen: Seen, book: TreasuryBook, wallets: ImportWallets) -> list[Difference]:
    """All of them, in the order of the files."""
    lines = _lines_of(folder)
    found: list[Difference] = []
    for row in folder.programmes:
        found += _programme(row, lines.get(row.ref, []), seen, wallets)
    for merchant in folder.merchants:
        if merchant.ref in seen.merchants:
            terms = merchant_terms(merchant, wallets.account(merchant.payout))
            found += map(_merchant, _compare("merchant", merchant.ref, seen.merchants[merchant.ref].terms, terms))
        found += _terminals(merchant, seen)
    return found + voucher_differences(folder, seen, book, wallets)


def voucher_differences(
    folder: ImportFolder, seen: Seen, book: TreasuryBook, wallets: ImportWallets
) -> list[Difference]:
    """Those of batches and rolls alone: what a code is made from, and what never changes on chain."""
    return [*_batches(folder, seen, book), *_roll_differences(folder, seen, book, wallets)]


def _lines_of(folder: ImportFolder) -> dict[Ref, list[BudgetLineRow]]:
    lines: dict[Ref, list[BudgetLineRow]] = {}
    for row in sorted(folder.budget_lines, key=lambda row: row.number):
        lines.setdefault(row.programme, []).append(row)
    return lines


def _programme(
    row: ProgrammeRow, lines: list[BudgetLineRow], seen: Seen, wallets: ImportWallets
) -> Iterator[Difference]:
    token = seen.tokens.get(row.token)
    if token is None:
        remedy = "use the symbol of the deployment's token, or the address of a token"
        yield Difference("token", row.token, "token", "unknown", row.token, remedy)
        return
    there = seen.programmes.get(row.ref)
    if row.approvals > 1 and (there is None or there.state < ProgrammeState.APPROVED):
        remedy = "this node holds one approver's key: let the others approve, or set approvals to 1"
        yield Difference("programme", row.ref, "approvals", "at most 1 from here", str(row.approvals), remedy)
    if there is None:
        return
    yield from _compare("programme", row.ref, there.terms, programme_terms(row, token))
    yield from _compare("programme", row.ref, there.rules, _rules_here(row, there))
    if there.state == ProgrammeState.REJECTED:
        yield Difference("programme", row.ref, "state", "rejected for good", "loaded", _NEW_REF)
    if there.state >= ProgrammeState.PROPOSED:
        yield from _compare("programme", row.ref, there.publication, publication_terms(row))
    here = [line_terms(line, wallets.account(line.funder)) for line in lines]
    if len(here) != len(there.lines):
        yield Difference("programme", row.ref, "budget lines", str(len(there.lines)), str(len(here)), _NEW_REF)
        return
    for number, (line_there, line_here) in enumerate(zip(there.lines, here, strict=True), start=1):
        yield from _compare("budget line", f"{row.ref}/{number}", line_there, line_here)


def _merchant(found: Difference) -> Difference:
    """The same with what to do: a merchant's terms may have changed on chain, and its reference stays the one it has."""
    ref, step = found.ref, "payout-propose" if found.field == "payout" else "propose-change"
    mend = f"write what stands there (`vouchertrail merchants show {ref}`) into merchants.csv"
    return replace(found, remedy=f"{mend}, or have it changed by `vouchertrail merchants {step} {ref}`")


def _terminals(row: MerchantRow, seen: Seen) -> Iterator[Difference]:
    """Terminals that are another merchant's."""
    own = seen.merchants[row.ref].id if row.ref in seen.merchants else None
    for wallet in row.terminals:
        if seen.terminals.get(wallet, own) != own:
            remedy = "write it to the merchant that has it, or move it by `vouchertrail merchants terminal-remove` and `-add`"
            there = f"number {seen.terminals[wallet]}"
            yield Difference("terminal", f"{row.ref}/{wallet}", "merchant", there, row.ref, remedy)


def _rules_here(row: ProgrammeRow, there: ProgrammeSeen) -> RulesTerms:
    """The first rules as the files have them; caps of transfers that can still be set are no difference."""
    here = rules_terms(row)
    if there.state >= ProgrammeState.PROPOSED:
        return here
    caps = there.rules.transfer_amount, there.rules.transfer_month_amount
    return replace(here, transfer_amount=caps[0], transfer_month_amount=caps[1])


def _batches(folder: ImportFolder, seen: Seen, book: TreasuryBook) -> Iterator[Difference]:
    """Of batches that were opened after a pause the record is asked until when: their words say it on the programme's clock."""
    rows = [row for row in folder.batches if row.ref in seen.batches and row.programme in seen.programmes]
    there = {row.ref: seen.batches[row.ref].terms for row in rows}
    apart = [row.ref for row in rows if there[row.ref].valid_until != row.valid_until]
    if apart:
        ends = book.opened_until([seen.batch(ref) for ref in apart])
        there |= {ref: replace(there[ref], valid_until=end) for ref, end in zip(apart, ends, strict=True)}
    for row in rows:
        yield from _compare("batch", row.ref, there[row.ref], batch_terms(row, seen.programme(row.programme)))


def _roll_differences(
    folder: ImportFolder, seen: Seen, book: TreasuryBook, wallets: ImportWallets
) -> Iterator[Difference]:
    rolls = [row for row in folder.rolls if row.ref in seen.rolls]
    for start in range(0, len(rolls), _HOLDERS_AT_ONCE):
        yield from _rolls(rolls[start : start + _HOLDERS_AT_ONCE], seen, book, wallets)


def _rolls(rows: list[RollRow], seen: Seen, book: TreasuryBook, wallets: ImportWallets) -> Iterator[Difference]:
    codes = book.holders([seen.rolls[row.ref].pointer for row in rows])
    for row, there in zip(rows, codes, strict=True):
        roll = seen.rolls[row.ref]
        if row.programme in seen.programmes and roll.programme != seen.programme(row.programme):
            yield Difference("roll", row.ref, "programme", str(roll.programme), row.programme, _NEW_REF)
        elif roll.places != row.places:
            yield Difference("roll", row.ref, "places", str(roll.places), str(row.places), _NEW_REF)
        elif roll.custodial != row.custodial:
            yield Difference("roll", row.ref, "custody", _custody(roll.custodial), _custody(row.custodial), _NEW_REF)
        elif (here := wallets.holders(row)) != there:
            place = next(
                at for at in range(row.places) if here[20 * at : 20 * at + 20] != there[20 * at : 20 * at + 20]
            )
            shown = "0x" + there[20 * place : 20 * place + 20].hex()
            yield Difference("roll", row.ref, f"holder at place {place}", shown, row.holders()[place], _NEW_REF)


def _compare(kind: str, ref: str, there: object, here: object) -> Iterator[Difference]:
    assert is_dataclass(there)
    for entry in fields(there):
        old, new = getattr(there, entry.name), getattr(here, entry.name)
        if old != new:
            yield Difference(kind, ref, entry.name, str(old), str(new), _NEW_REF)


def _custody(custodial: bool) -> str:
    return "kept by the node's wallet" if custodial else "on the holders' own devices"
