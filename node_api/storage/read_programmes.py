"""Programmes, rules and budget lines, read from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, func, literal, select

from node_api.domain.ids import Amount, LineId, ProgrammeId, UnixSeconds, programme_of_line
from node_api.domain.models import BudgetLine, Programme, ProgrammeState
from node_api.domain.trail import LineSums, Step, Totals
from node_api.storage import tables as t
from node_api.storage.kept import kept
from node_api.storage.queries import UPTO, Query, Record, chunks, to_address, tx_of, with_tx
from node_api.storage.read_money import MoneyQueries
from node_api.storage.read_standing import StandingQueries
from node_api.storage.sums import NO_SUMS, sums_from_facts, sums_from_roll_ups

_AFTER_STEP = {
    "drafted": ProgrammeState.DRAFT,
    "proposed": ProgrammeState.PROPOSED,
    "published": ProgrammeState.PUBLISHED,
    "activated": ProgrammeState.ACTIVE,
    "closed": ProgrammeState.CLOSED,
    "rejected": ProgrammeState.REJECTED,
}

_BY_ID = select(t.programmes).where(t.programmes.c.programme == bindparam("wanted"), t.programmes.c.block <= UPTO)
_BY_REF = (  # of several the first: references that differ on chain in bytes that are no text can be one text here
    select(t.programmes)
    .where(t.programmes.c.ref == bindparam("wanted"), t.programmes.c.block <= UPTO)
    .order_by(t.programmes.c.programme)
    .limit(1)
)
_STEPS = (
    select(t.programme_steps.c.name, t.programme_steps.c.approvals)
    .where(t.programme_steps.c.programme == bindparam("wanted"), t.programme_steps.c.block <= UPTO)
    .order_by(t.programme_steps.c.block, t.programme_steps.c.log_index)
)
_FIRST_VERSION = 1  # a programme has it from its draft on
_VERSION = select(func.coalesce(func.max(t.rules_steps.c.version), _FIRST_VERSION)).where(
    t.rules_steps.c.programme == bindparam("wanted"),
    t.rules_steps.c.name == "activated",
    t.rules_steps.c.block <= UPTO,
)


class ProgrammeQueries(MoneyQueries, StandingQueries):
    """Implements `ProgrammeReader`, and what an auditor asks beyond it."""

    def programmes(self) -> list[Programme]:
        """See the port."""
        return self._programmes(())

    @kept
    def programme(self, programme: ProgrammeId) -> Programme | None:
        """See the port."""
        return self.programmes_among((programme,)).get(programme)

    def programmes_among(self, programmes: Collection[ProgrammeId]) -> dict[ProgrammeId, Programme]:
        """See the port."""
        return self._facts.among("programme", programmes, self._programmes_by_id)

    def programme_by_ref(self, ref: str) -> Programme | None:
        """See the port."""
        return self._one_programme(_BY_REF, ref)

    def lines(self, programme: ProgrammeId | None = None) -> list[BudgetLine]:
        """See the port."""
        which = () if programme is None else (t.budget_lines.c.programme == programme,)
        return self._lines(which, self.line_sums(programme))

    def line(self, line: LineId) -> BudgetLine | None:
        """See the port."""
        sums = self.line_sums(programme_of_line(line))
        return next(iter(self._lines((t.budget_lines.c.line == line,), sums)), None)

    def totals(self, programme: ProgrammeId | None = None) -> Totals:
        """See the port."""
        sums = self.line_sums(programme).values()
        return Totals(
            programme=programme,
            batches=self._count_of(programme, batches=True),
            rolls=self._count_of(programme, batches=False),
            issued=sum(one.issued_count for one in sums),
            issued_amount=Amount(sum(one.issued for one in sums)),
            redeemed=sum(one.redeemed_count for one in sums),
            redeemed_amount=Amount(sum(one.redeemed for one in sums)),
            swept=sum(one.swept_count for one in sums),
            swept_amount=Amount(sum(one.swept for one in sums)),
            refused=self._refused(programme),
        )

    def line_sums(self, programme: ProgrammeId | None = None) -> dict[LineId, LineSums]:
        """What moved under each line: from the roll-ups at the head, from the facts below it."""
        if self._at_head:
            return sums_from_roll_ups(self._connection, programme)
        return self.line_sums_from_facts(programme)

    def line_sums_from_facts(self, programme: ProgrammeId | None = None) -> dict[LineId, LineSums]:
        """What moved under each line, summed from the events."""
        return sums_from_facts(self._connection, self.block.number, programme)

    @kept
    def programme_steps(self, programme: ProgrammeId) -> list[Step]:
        """A programme's steps in the order of the chain."""
        table = t.programme_steps
        query = with_tx(table).where(table.c.programme == programme, self._upto(table))
        return [
            Step(row.name, to_address(row.actor), row.reason, row.approvals, tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def _programmes_by_id(self, ids: Collection[ProgrammeId]) -> dict[ProgrammeId, Programme]:
        if len(ids) == 1:
            found = (self._one_programme(_BY_ID, one) for one in ids)
            return {one.id: one for one in found if one is not None}
        column = t.programmes.c.programme
        return {one.id: one for some in chunks(ids) for one in self._programmes((column.in_(some),))}

    def _programmes(self, which: Iterable[ColumnElement[bool]]) -> list[Programme]:
        table = t.programmes
        rows = self._rows(select(table).where(self._upto(table), *which).order_by(table.c.programme))
        if not rows:
            return []
        states, versions = self._steps_by_programme(), self._versions()
        return [
            self._programme_in_lane(_programme(row, states[row.programme], versions.get(row.programme, _FIRST_VERSION)))
            for row in rows
        ]

    def _one_programme(self, query: Query, wanted: int | str) -> Programme | None:
        """One programme by statements built once: a till asks for it with every redemption."""
        upto = self._block.number
        row = self._connection.execute(query, {"wanted": wanted, "upto": upto}).one_or_none()
        if row is None:
            return None
        named = {"wanted": row.programme, "upto": upto}
        steps = [(name, approvals) for name, approvals in self._connection.execute(_STEPS, named)]
        version = self._connection.execute(_VERSION, named).scalar_one()
        return self._programme_in_lane(_programme(row, steps, version))

    def _steps_by_programme(self) -> dict[int, list[tuple[str, int]]]:
        table = t.programme_steps
        query = select(table.c.programme, table.c.name, table.c.approvals).where(self._upto(table))
        steps: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for of, name, approvals in self._connection.execute(query.order_by(table.c.block, table.c.log_index)):
            steps[of].append((name, approvals))
        return steps

    def _versions(self) -> dict[int, int]:
        table = t.rules_steps
        activated = (table.c.name == "activated", self._upto(table))
        query = select(table.c.programme, func.max(table.c.version)).where(*activated)
        return {row.programme: row[1] for row in self._rows(query.group_by(table.c.programme))}

    def _lines(self, which: Iterable[ColumnElement[bool]], sums: dict[LineId, LineSums]) -> list[BudgetLine]:
        table = t.budget_lines
        rows = self._rows(select(table).where(self._upto(table), *which).order_by(table.c.line))
        budgets = self._budgets(None if len(rows) != 1 else rows[0].line)
        lines = []
        for row in rows:
            moved = sums.get(row.line, NO_SUMS)
            lines.append(
                BudgetLine(
                    id=row.line,
                    programme=row.programme,
                    number=row.line & 0xFFFF,
                    funder=to_address(row.funder),
                    funding_region=row.funding_region,
                    beneficiary_group=row.beneficiary_group,
                    purpose=row.purpose,
                    budget=Amount(budgets.get(row.line, row.amount)),
                    deposited=moved.deposited,
                    available=moved.available,
                    committed=moved.committed,
                    payable=moved.payable,
                    settled=moved.settled,
                    returned=moved.returned,
                    committed_count=moved.committed_count,
                    payable_count=moved.payable_count,
                )
            )
        return lines

    def _count_of(self, programme: ProgrammeId | None, *, batches: bool) -> int:
        table = t.batches if batches else t.rolls
        query = select(func.count()).select_from(table).where(self._upto(table))
        if programme is not None:
            query = query.where(table.c.programme == programme)
        return self._connection.execute(query).scalar_one()

    def _refused(self, programme: ProgrammeId | None) -> int:
        table = t.chain_refusals
        query = select(func.count()).select_from(table).where(self._upto(table))
        if programme is not None:
            # A batch's vouchers stand in a row.
            first = t.batches.c.batch.bitwise_lshift(literal(35, Integer))
            query = query.where(
                t.batches.c.programme == programme,
                table.c.voucher >= first,
                table.c.voucher < first + literal(1 << 35, BigInteger),
            )
        return self._connection.execute(query).scalar_one()


def _programme(row: Record, steps: list[tuple[str, int]], version: int) -> Programme:
    return Programme(
        id=row.programme,
        ref=row.ref,
        name=row.name,
        token=to_address(row.token),
        state=_state(steps, row.approvals_needed),
        rules_version=version,
        utc_offset_minutes=row.utc_offset,
        starts_at=UnixSeconds(row.starts_at),
        ends_at=UnixSeconds(row.ends_at),
        categories=row.categories,
        region=row.region,
        channels=row.channels,
        approvals_needed=row.approvals_needed,
        drafted_by=to_address(row.drafted_by),
    )


def _state(steps: list[tuple[str, int]], approvals_needed: int) -> ProgrammeState:
    if not steps:
        return ProgrammeState.NONE
    name, approvals = steps[-1]
    if name == "approved":
        return ProgrammeState.APPROVED if approvals >= approvals_needed else ProgrammeState.PROPOSED
    return _AFTER_STEP[name]
