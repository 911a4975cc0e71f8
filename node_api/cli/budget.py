"""`vouchertrail budget`: budget, and money with it, moves between lines of one funder, by two people."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, line_name, print_report
from node_api.cli.deposits import DEPOSIT_COMMANDS
from node_api.cli.options import NUMBER, Shared, shared_options
from node_api.cli.staff import MONEY, REASON, staffed, step
from node_api.domain.errors import BudgetMoveUnknown
from node_api.domain.ids import Amount, line_id
from node_api.domain.settlement import BudgetMove, MoveState
from node_api.services.auditing import find_programme
from node_api.services.ports import staff_commands as s
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import Command

_MOVE = click.argument("number", metavar="MOVE", type=NUMBER)
_MOST_LINES = 1 << 16


@click.group(name="budget")
def cli() -> None:
    """Budget lines, deposits and moves between them. Safe to call twice."""


for _command in DEPOSIT_COMMANDS:
    cli.add_command(_command)


@cli.command(name="propose-move")
@click.argument("name", metavar="PROGRAMME")
@click.argument("from_line", type=click.IntRange(1, _MOST_LINES - 1))
@click.argument("to_line", type=click.IntRange(1, _MOST_LINES - 1))
@click.argument("amount", type=MONEY)
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def propose_move(shared: Shared, name: str, from_line: int, to_line: int, amount: Amount, reason: str) -> None:
    """Propose to move AMOUNT of the budget of line FROM_LINE to TO_LINE of a PROGRAMME (number or reference). TREASURER."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name).id
        ends = line_id(programme, from_line), line_id(programme, to_line)
        open_ones = [move for move in reader.budget_moves(programme) if move.state is MoveState.PROPOSED]
        if any(
            (move.from_line, move.to_line, move.amount, move.reason) == (*ends, amount, reason) for move in open_ones
        ):
            return None
        return s.ProposeMove(*ends, amount, reason)

    step(shared, "the move is proposed", "this move was proposed and waits for its approval", decide)


@cli.command(name="approve-move")
@_MOVE
@shared_options
def approve_move(shared: Shared, number: int) -> None:
    """Carry a proposed move out. APPROVER."""

    def decide(reader: AuditReader) -> Command | None:
        return None if _find(reader, number).state is MoveState.APPROVED else s.ApproveMove(number)

    step(shared, f"move {number} is carried out", f"move {number} was carried out", decide)


@cli.command(name="withdraw-move")
@_MOVE
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def withdraw_move(shared: Shared, number: int, reason: str) -> None:
    """Take a proposed move back. TREASURER."""

    def decide(reader: AuditReader) -> Command | None:
        return None if _find(reader, number).state is MoveState.WITHDRAWN else s.WithdrawMove(number, reason)

    step(shared, f"move {number} is withdrawn", f"move {number} was withdrawn", decide)


@cli.command()
@click.argument("name", metavar="[PROGRAMME]", required=False)
@shared_options
def show(shared: Shared, name: str | None) -> None:
    """Budgets, money and moves, of a PROGRAMME or of all."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        programme = None if name is None else find_programme(reader, name).id
        lines, moves = reader.lines(programme), reader.budget_moves(programme)
    figures = ("budget", "deposited", "available", "committed", "payable", "settled")
    columns = ("programme", "line", "funder", *figures)
    rows = [(one.programme, one.number, one.funder, *(getattr(one, name) for name in figures)) for one in lines]
    moved = [
        (
            move.number,
            line_name(move.from_line),
            line_name(move.to_line),
            move.amount,
            move.money,
            move.state.value,
            move.reason,
        )
        for move in moves
    ]
    sections = [
        Section("Budget lines", columns, rows),
        Section("Moves", ("move", "from", "to", "budget", "money", "state", "reason"), moved),
    ]
    print_report(shared, False, {"lines": lines, "moves": moves}, sections)


def _find(reader: AuditReader, number: int) -> BudgetMove:
    for move in reader.budget_moves():
        if move.number == number:
            return move
    raise BudgetMoveUnknown(f"no move {number} at block {reader.block.number}")
