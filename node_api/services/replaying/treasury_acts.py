"""Acts of treasury staff: versions of rules, settlement, sweep, the end of a programme."""

from __future__ import annotations

from node_api.domain.calendar import local_day
from node_api.domain.ids import ProgrammeId
from node_api.domain.importing.acts import WIDEN_CHANNEL, ActKind, ActRow
from node_api.domain.models import ProgrammeState, TxRef
from node_api.services.auditing import find_programme
from node_api.services.changing_rules import activation, proposal
from node_api.services.closing import due_sweeps
from node_api.services.fresh import FreshReads
from node_api.services.ports.treasury import CloseProgramme, Command, ReturnRest, TreasuryDesk
from node_api.services.ports.treasury_terms import WideningTerms
from node_api.services.rules_standing import rules_standing
from node_api.services.settling import due_entries, preparation, release, runs_of, settlement_runs, waiting_runs


def carry_out(act: ActRow, programme: ProgrammeId, desk: TreasuryDesk, fresh: FreshReads) -> TxRef | None:
    """See `Officers.carry_out`. What one command needs of another is read from the record in between."""
    staff = _Staff(programme, desk, fresh)
    match act.kind:
        case ActKind.PROPOSE_RULES:
            return staff.propose_rules(act)
        case ActKind.ACTIVATE_RULES:
            return staff.activate_rules()
        case ActKind.SETTLE:
            return staff.settle()
        case ActKind.SWEEP:
            return staff.sweep()
        case _:
            return staff.close(act.reason)


class _Staff:
    def __init__(self, programme: ProgrammeId, desk: TreasuryDesk, fresh: FreshReads) -> None:
        self._programme = programme
        self._desk = desk
        self._fresh = fresh

    def propose_rules(self, act: ActRow) -> TxRef | None:
        with self._fresh.open() as (reader, _):
            standing = rules_standing(reader, str(self._programme))
        changed = dict(act.terms)
        opened = changed.pop(WIDEN_CHANNEL, None)
        widening = WideningTerms(channels=0 if opened is None else 1 << opened)
        change = proposal(standing, changed, {}, widening, act.reason)
        self._send(change.command)
        with self._fresh.open() as (reader, _):
            proposed = reader.rules_versions(self._programme)[change.version - 1].proposed
        return None if proposed is None else proposed.tx

    def activate_rules(self) -> TxRef | None:
        with self._fresh.open() as (reader, _):
            standing = rules_standing(reader, str(self._programme))
        change = activation(standing, standing.versions[-1][0].version)
        self._send(change.command)
        with self._fresh.open() as (reader, _):
            activated = reader.rules_versions(self._programme)[change.version - 1].activated
        return None if activated is None else activated.tx

    def settle(self) -> TxRef | None:
        """Pays every day that is due: runs are prepared by one person and released by another."""
        with self._fresh.open() as (reader, now):
            offset = find_programme(reader, str(self._programme)).utc_offset_minutes
            entries = due_entries(reader, now, local_day(now, offset), self._programme)
        self._send(*(preparation(part) for part in runs_of(entries)))
        with self._fresh.open() as (reader, _):
            waiting = waiting_runs(reader, self._programme)
        self._send(*(release(run) for run in waiting))
        with self._fresh.open() as (reader, _):
            runs = settlement_runs(reader, self._programme)
        return next((run.released for run in reversed(runs) if run.released is not None), None)

    def sweep(self) -> TxRef | None:
        with self._fresh.open() as (reader, now):
            due, _ = due_sweeps(reader, self._programme, now)
        self._send(*due)
        with self._fresh.open() as (reader, _):
            swept = [reader.sweep_of(batch, roll) for batch, roll, _, _ in reader.pairs(self._programme)]
        return max((one.tx for one in swept if one is not None), key=_place, default=None)

    def close(self, reason: str) -> TxRef | None:
        """Closes the programme, and returns what is left of each line to its funder."""
        with self._fresh.open() as (reader, _):
            state = find_programme(reader, str(self._programme)).state
        self._send(None if state is ProgrammeState.CLOSED else CloseProgramme(self._programme, reason))
        with self._fresh.open() as (reader, _):
            lines = [line.id for line in reader.lines(self._programme) if line.available]
        self._send(*(ReturnRest(line) for line in lines))
        with self._fresh.open() as (reader, _):
            rests = [rest.tx for line in reader.lines(self._programme) for rest in reader.rests(line.id)]
            closed = [step.tx for step in reader.programme_steps(self._programme) if step.name == "closed"]
        return max((*rests, *closed), key=_place, default=None)

    def _send(self, *commands: Command | None) -> None:
        for _ in self._desk.carry_out([command for command in commands if command is not None]):
            pass


def _place(tx: TxRef) -> tuple[int, int]:
    return tx.block.number, tx.log_index
