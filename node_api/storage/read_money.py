"""Settlement runs and moves of budget, read from the index."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import ColumnElement, Table, select

from node_api.domain.ids import Address, Amount, LineId, ProgrammeId
from node_api.domain.settlement import NOTHING, BudgetMove, EntryState, MoveState, SettlementEntry, SettlementRun
from node_api.storage import tables as t
from node_api.storage.queries import Queries, Record, bounded, to_address, to_hash, tx_of, with_tx
from node_api.storage.sums import lines_of

_Key = tuple[int, int, int]


class MoneyQueries(Queries):
    """Implements `MoneyReader`."""

    def settlement_runs(self, *, limit: int | None = None, after: int = 0) -> list[SettlementRun]:
        """See the port."""
        if limit is None:
            return self._runs(after, None)
        run = t.settlement_runs.c.run
        numbers = select(run).where(run > after, self._upto(t.settlement_runs)).order_by(run).limit(bounded(limit))
        found = [row.run for row in self._rows(numbers)]
        return self._runs(after, found[-1]) if found else []

    def settlement_run(self, run: int) -> SettlementRun | None:
        """See the port."""
        return next(iter(self._runs(run - 1, run)), None)

    def budget_moves(self, programme: ProgrammeId | None = None) -> list[BudgetMove]:
        """See the port."""
        table = t.budget_moves
        query = with_tx(table).where(self._upto(table), *lines_of(table.c.from_line, programme))
        proposed = self._rows(query.order_by(table.c.move))
        moved = {row.move: row for row in self._rows(with_tx(t.moved_money).where(self._upto(t.moved_money)))}
        withdrawn = {
            row.move: row for row in self._rows(with_tx(t.withdrawn_moves).where(self._upto(t.withdrawn_moves)))
        }
        approvers = {
            (row.block, row.log_index): row.approver
            for row in self._rows(select(t.moved_budgets).where(self._upto(t.moved_budgets)))
        }
        moves = []
        for row in proposed:
            done, back = moved.get(row.move), withdrawn.get(row.move)
            if done is not None:  # the money's log follows the budget's
                approver = to_address(approvers[done.block, done.log_index - 1])
                move = _move(row, MoveState.APPROVED, Amount(done.amount), approver, done)
            elif back is not None:
                move = _move(row, MoveState.WITHDRAWN, NOTHING, to_address(back.actor), back)
            else:
                move = _move(row)
            moves.append(move)
        return moves

    def budget_of(self, line: LineId) -> int:
        """See the port."""
        return self._budgets(line).get(line, 0)

    def _budgets(self, line: int | None) -> dict[int, int]:
        """The budgets in force, of one line or all; a line of an unpublished programme has none yet."""
        table, moves = t.budgets, t.moved_budgets
        set_, moved = (
            select(table.c.line, table.c.amount).where(self._upto(table)),
            select(moves).where(self._upto(moves)),
        )
        if line is not None:
            set_ = set_.where(table.c.line == line)
            moved = moved.where((moves.c.from_line == line) | (moves.c.to_line == line))
        budgets: dict[int, int] = defaultdict(int)
        for row in self._rows(set_):
            budgets[row.line] += row.amount
        for row in self._rows(moved):
            budgets[row.from_line] -= row.amount
            budgets[row.to_line] += row.amount
        return dict(budgets)

    def _runs(self, after: int, last: int | None) -> list[SettlementRun]:
        """Those behind one number, up to another or to the newest."""
        table, released = t.settlement_runs, t.settlement_releases
        query = with_tx(table).where(self._upto(table), *_numbered(table, after, last))
        releases = with_tx(released).where(self._upto(released), *_numbered(released, after, last))
        done = {row.run: row for row in self._rows(releases)}
        entries = self._entries(after, last)
        return [
            _run(row, tuple(entries[row.run]), done.get(row.run)) for row in self._rows(query.order_by(table.c.run))
        ]

    def _entries(self, after: int, last: int | None) -> dict[int, list[SettlementEntry]]:
        """Entries by run in their order. A day that stands twice in a run is paid at most once, at its first place."""
        outcomes: dict[int, dict[_Key, list[tuple[int, Record]]]] = defaultdict(lambda: defaultdict(list))
        for table in (t.payments, t.skipped_payouts):
            query = select(table).where(self._upto(table), *_numbered(table, after, last))
            for row in self._rows(query):
                outcomes[row.run][row.line, row.merchant, row.day].append((row.log_index, row))
        for of_run in outcomes.values():
            for found in of_run.values():
                found.sort(key=lambda one: one[0], reverse=True)
        table = t.settlement_entries
        query = select(table).where(self._upto(table), *_numbered(table, after, last))
        entries: dict[int, list[SettlementEntry]] = defaultdict(list)
        for row in self._rows(query.order_by(table.c.block, table.c.log_index)):
            left = outcomes[row.run][row.line, row.merchant, row.day]
            entries[row.run].append(_entry(row, left.pop()[1] if left else None))
        return entries


def _numbered(table: Table, after: int, last: int | None) -> list[ColumnElement[bool]]:
    """Rows of the runs behind one number, up to another."""
    if last is None:
        return [table.c.run > after] if after else []
    return [table.c.run > after, table.c.run <= last]


def _entry(row: Record, outcome: Record | None) -> SettlementEntry:
    named = (LineId(row.line), row.merchant, row.day, Amount(row.amount))
    if outcome is None:
        return SettlementEntry(*named)
    if "reason" in outcome._fields:
        return SettlementEntry(*named, state=EntryState.SKIPPED, reason="0x" + outcome.reason.hex())
    return SettlementEntry(*named, state=EntryState.PAID, account=to_address(outcome.account))


def _run(row: Record, entries: tuple[SettlementEntry, ...], released: Record | None) -> SettlementRun:
    named = (row.run, to_address(row.actor), to_hash(row.hash), entries, tx_of(row))
    if released is None:
        return SettlementRun(*named)
    return SettlementRun(*named, to_address(released.actor), Amount(released.amount), tx_of(released))


def _move(
    row: Record,
    state: MoveState = MoveState.PROPOSED,
    money: Amount = NOTHING,
    decided_by: Address | None = None,
    decided: Record | None = None,
) -> BudgetMove:
    return BudgetMove(
        number=row.move,
        from_line=row.from_line,
        to_line=row.to_line,
        amount=Amount(row.amount),
        proposer=to_address(row.actor),
        reason=row.reason,
        proposed=tx_of(row),
        state=state,
        money=money,
        decided_by=decided_by,
        decided=None if decided is None else tx_of(decided),
    )
