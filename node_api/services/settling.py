"""Preparing and releasing settlement runs: which merchants' days are due, and what a release pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from node_api.domain.errors import SettlementUnknown
from node_api.domain.ids import Amount, Day, LineId, MerchantId, ProgrammeId, UnixSeconds, programme_of_line
from node_api.domain.models import Programme
from node_api.domain.settlement import SettlementEntry, SettlementRun
from node_api.domain.versions import settlement_window
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import PrepareSettlement, ReleaseSettlement

ENTRIES_PER_RUN = 100
"""So that a release fits a block many times over; the contract takes 500."""
_DAY_SECONDS = 86_400
_Key = tuple[LineId, MerchantId, Day]


def due_entries(
    reader: AuditReader, now: UnixSeconds, until: Day, programme: ProgrammeId | None = None
) -> list[SettlementEntry]:
    """The merchants' days up to `until`, inclusive, that something is payable for, whose window is over by `now`, and that
    stand in no run waiting for its release. By line, merchant and day.
    """
    windows = {one.id: _window(reader, one) for one in reader.programmes()}
    waiting = {(entry.line, entry.merchant, entry.day) for run in waiting_runs(reader) for entry in run.entries}
    entries = [
        SettlementEntry(day.line, day.merchant, day.day, day.payable)
        for day in reader.merchant_days(programme=programme, until_day=Day(until + 1))
        if day.payable
        and (day.line, day.merchant, day.day) not in waiting
        and (day.day + 1) * _DAY_SECONDS + windows[programme_of_line(day.line)] <= now
    ]
    return sorted(entries, key=lambda entry: (entry.line, entry.merchant, entry.day))


def runs_of(entries: Sequence[SettlementEntry]) -> list[tuple[SettlementEntry, ...]]:
    """The entries in runs of at most `ENTRIES_PER_RUN`."""
    return [tuple(entries[at : at + ENTRIES_PER_RUN]) for at in range(0, len(entries), ENTRIES_PER_RUN)]


def preparation(entries: Iterable[SettlementEntry]) -> PrepareSettlement:
    """The command that prepares a run of these entries."""
    return PrepareSettlement(tuple((one.line, one.merchant, one.day, one.amount) for one in entries))


def release(run: SettlementRun) -> ReleaseSettlement:
    """The command that releases a run."""
    return ReleaseSettlement(run.number, preparation(run.entries).entries)


def prepared_run(reader: AuditReader, entries: Sequence[SettlementEntry]) -> SettlementRun:
    """The newest run of exactly these entries that waits for its release.

    Raises:
        SettlementUnknown: there is none.
    """
    wanted = [(one.line, one.merchant, one.day, one.amount) for one in entries]
    for run in reversed(waiting_runs(reader)):
        if [(one.line, one.merchant, one.day, one.amount) for one in run.entries] == wanted:
            return run
    raise SettlementUnknown("a run of these entries")


def settlement_runs(reader: AuditReader, programme: ProgrammeId | None = None) -> list[SettlementRun]:
    """All runs; of a programme those with any entry of it."""
    return [
        run
        for run in reader.settlement_runs()
        if programme is None or any(programme_of_line(entry.line) == programme for entry in run.entries)
    ]


def waiting_runs(reader: AuditReader, programme: ProgrammeId | None = None) -> list[SettlementRun]:
    """Those of them that wait for their release."""
    return [run for run in settlement_runs(reader, programme) if run.released is None]


def find_run(reader: AuditReader, number: int) -> SettlementRun:
    """The run of this number. Raises SettlementUnknown."""
    run = reader.settlement_run(number)
    if run is None:
        raise SettlementUnknown(f"no run {number} at block {reader.block.number}")
    return run


def payable_now(reader: AuditReader, run: SettlementRun) -> dict[_Key, Amount]:
    """What is payable for each day of a run as the index has it; days without redemptions are 0."""
    merchants = {entry.merchant for entry in run.entries}
    found: dict[_Key, Amount] = defaultdict(lambda: Amount(0))
    for merchant in sorted(merchants):
        for day in reader.merchant_days(merchant):
            found[day.line, day.merchant, day.day] = day.payable
    return found


def _window(reader: AuditReader, programme: Programme) -> int:
    """Seconds from the end of a day, counted in UTC, to the moment it may be settled."""
    return settlement_window(reader.rules_versions(programme.id)) - 60 * programme.utc_offset_minutes
