"""What the load will take, shown before anything is sent. Gas is estimated from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from node_api.domain.models import ProgrammeState
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.work import (
    ACTIVATIONS_AT_ONCE,
    BATCHES_AT_ONCE,
    MERCHANTS_AT_ONCE,
    NAMES_AT_ONCE,
    PACK_BATCH_GAS,
    PACK_PAIR_GAS,
    Work,
)

_STEP_GAS, _PROGRAMME_GAS, _LINE_GAS, _DEPOSIT_GAS, _MONEY_GAS = 60_000, 480_000, 190_000, 120_000, 100_000
_MERCHANT_GAS, _MERCHANT_STEP_GAS, _TERMINAL_GAS, _NAME_GAS = 200_000, 30_000, 75_000, 45_000
_BATCH_GAS, _ROLL_GAS, _PLACE_GAS, _PACK_GAS = 150_000, 100_000, 4_300, 65_000
_STATES = (ProgrammeState.DRAFT, ProgrammeState.PROPOSED, ProgrammeState.APPROVED, ProgrammeState.PUBLISHED)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of the plan. `there` counts what the chain has already."""

    what: str
    in_files: int
    there: int
    to_do: int
    transactions: int
    gas: int


def plan_of(folder: ImportFolder, work: Work) -> tuple[PlanLine, ...]:
    """The plan, one line for each kind of thing."""
    return (*_programmes(folder, work), *_merchants(folder, work), *_vouchers(folder, work))


def _programmes(folder: ImportFolder, work: Work) -> Iterator[PlanLine]:
    steps = sum(len(work.by_state(state)) for state in _STATES)
    drafts = {row.ref for row in work.by_state(ProgrammeState.DRAFT)}
    lines = sum(row.programme in drafts for row in folder.budget_lines)
    steps += sum(row.limits.transferable for row in work.by_state(ProgrammeState.PROPOSED))
    gas = len(drafts) * _PROGRAMME_GAS + (steps - len(drafts)) * _STEP_GAS
    yield _line("programmes", len(folder.programmes), len(work.programmes), steps, gas)
    yield _line("budget lines", len(folder.budget_lines), lines, 0, lines * _LINE_GAS)
    deposits = len(work.deposits)
    tokens = len({row.programme for row in work.deposits}) and 2
    yield _line(
        "deposits", len(folder.budget_lines), deposits, deposits + tokens, deposits * _DEPOSIT_GAS + tokens * _MONEY_GAS
    )
    due = sum(row.active for row in folder.programmes) - len(work.waiting)
    ready = len(work.activations)
    yield _line("activations due by now", due, ready, ready, ready * _STEP_GAS)


def _merchants(folder: ImportFolder, work: Work) -> Iterator[PlanLine]:
    enter, activate = len(work.merchants), len(work.merchant_activations)
    transactions = _pieces(enter, MERCHANTS_AT_ONCE) + _pieces(activate, ACTIVATIONS_AT_ONCE) + len(work.suspensions)
    gas = enter * _MERCHANT_GAS + (activate + len(work.suspensions)) * _MERCHANT_STEP_GAS
    to_do = len({row.ref for row in (*work.merchants, *work.merchant_activations, *work.suspensions)})
    yield _line("merchants", len(folder.merchants), to_do, transactions, gas)
    terminals = sum(len(row.terminals) for row in folder.merchants)
    yield _line("terminals", terminals, len(work.terminals), len(work.terminals), len(work.terminals) * _TERMINAL_GAS)
    limited, limits = (
        sum(len(row.terminals) for row in folder.merchants if row.terminal_limit),
        len(work.terminal_limits),
    )
    yield _line("terminals' limits", limited, limits, limits, limits * _MERCHANT_STEP_GAS)
    names = len(work.names)
    yield _line("category names", len(folder.categories), names, _pieces(names, NAMES_AT_ONCE), names * _NAME_GAS)


def _vouchers(folder: ImportFolder, work: Work) -> Iterator[PlanLine]:
    batches, rolls = len(work.batches), len(work.rolls)
    places = sum(row.places for row in work.rolls)
    yield _line("batches", len(folder.batches), batches, _pieces(batches, BATCHES_AT_ONCE), batches * _BATCH_GAS)
    yield _line("rolls", len(folder.rolls), rolls, rolls, rolls * _ROLL_GAS + places * _PLACE_GAS)
    pairs = sum(len(pack.batches) * len(pack.rolls) for pack in work.packs)
    gas = len(work.packs) * _PACK_GAS + sum(
        len(pack.batches) * (PACK_BATCH_GAS + PACK_PAIR_GAS * len(pack.rolls)) for pack in work.packs
    )
    yield _line("issues", len(folder.issues), pairs, len(work.packs), gas)
    vouchers = sum(len(pack.batches) * pack.places for pack in work.packs)
    yield _line("vouchers", folder.voucher_count, vouchers, 0, 0)


def _line(what: str, in_files: int, to_do: int, transactions: int, gas: int) -> PlanLine:
    return PlanLine(what, in_files, in_files - to_do, to_do, transactions, gas)


def _pieces(count: int, size: int) -> int:
    return -(-count // size)
