"""Versions of rules, read from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Table, bindparam, select

from node_api.domain.ids import ProgrammeId, UnixSeconds
from node_api.domain.models import Rules, Widening
from node_api.domain.trail import Step
from node_api.domain.versions import RulesVersion
from node_api.storage import tables as t
from node_api.storage.queries import UPTO, Queries, Record, to_address, tx_of, with_tx

_FIRST_ONLY, _TRANSFERABLE = 4, 8
_REGION_BYTES = 5

_RULES = select(t.rules).where(
    t.rules.c.programme == bindparam("wanted"), t.rules.c.version == bindparam("at_version"), t.rules.c.block <= UPTO
)
_WIDENINGS = (
    select(t.rules_widenings)
    .join(
        t.rules_steps,
        (t.rules_steps.c.programme == t.rules_widenings.c.programme)
        & (t.rules_steps.c.version == t.rules_widenings.c.version),
    )
    .where(
        t.rules_widenings.c.programme == bindparam("wanted"),
        t.rules_steps.c.name == "activated",
        t.rules_steps.c.block <= UPTO,
    )
    .order_by(t.rules_widenings.c.version)
)


class RulesQueries(Queries):
    """Implements the part of `ProgrammeReader` that is about rules."""

    def rules(self, programme: ProgrammeId, version: int) -> Rules | None:
        """See the port."""
        wanted = programme, version
        return self._facts.among("rules", (wanted,), self._rules_by_version).get(wanted)

    def widening(self, programme: ProgrammeId) -> Widening:
        """See the port."""
        return self._facts.one("widening", programme, lambda: self._widened(programme))

    def _rules_by_version(self, wanted: Collection[tuple[ProgrammeId, int]]) -> dict[tuple[ProgrammeId, int], Rules]:
        found = {}
        for programme, version in wanted:
            named = {"wanted": programme, "at_version": version, "upto": self._block.number}
            for row in self._connection.execute(_RULES, named):
                found[programme, version] = self._with_caps(_rules(row))
        return found

    def _widened(self, programme: ProgrammeId) -> Widening:
        total = Widening()
        for row in self._connection.execute(_WIDENINGS, {"wanted": programme, "upto": self._block.number}):
            total = total.plus(_widening(row))
        return total

    def rules_versions(self, programme: ProgrammeId) -> list[RulesVersion]:
        """See the port."""
        steps: dict[int, dict[str, Record]] = defaultdict(dict)
        for row in self._of(t.rules_steps, programme):
            steps[row.version][row.name] = row
        widenings = {row.version: _widening(row) for row in self._of(t.rules_widenings, programme)}
        found = [self._with_caps(_rules(row)) for row in self._of(t.rules, programme)]
        rules = sorted(found, key=lambda one: one.version)
        return [_version(one, widenings.get(one.version, Widening()), steps[one.version]) for one in rules]

    def _with_caps(self, rules: Rules) -> Rules:
        """The version with the caps that were set last before it was proposed."""
        if not rules.transferable:
            return rules
        caps = t.transfer_caps
        query = select(caps.c.per_transfer, caps.c.per_month).where(
            caps.c.programme == rules.programme, caps.c.version == rules.version, self._upto(caps)
        )
        row = self._connection.execute(query.order_by(caps.c.block.desc(), caps.c.log_index.desc())).first()
        if row is None:
            return rules
        return replace(rules, transfer_amount=row.per_transfer, transfer_month_amount=row.per_month)

    def _of(self, table: Table, programme: ProgrammeId) -> list[Record]:
        return list(self._rows(with_tx(table).where(table.c.programme == programme, self._upto(table))))


def _version(rules: Rules, widening: Widening, steps: dict[str, Record]) -> RulesVersion:
    found = {name: Step(name, to_address(row.actor), row.reason, 0, tx_of(row)) for name, row in steps.items()}
    proposed = found.get("proposed")
    ripe_at = 0 if proposed is None else steps["proposed"].ripe_at or proposed.tx.block.timestamp
    return RulesVersion(rules, widening, proposed, UnixSeconds(ripe_at), found.get("activated"), found.get("withdrawn"))


def _widening(row: Record) -> Widening:
    regions = tuple(
        int.from_bytes(row.regions[at : at + _REGION_BYTES], "big") for at in range(0, len(row.regions), _REGION_BYTES)
    )
    return Widening(row.categories, regions, row.channels)


def _rules(row: Record) -> Rules:
    return Rules(
        programme=row.programme,
        version=row.version,
        max_deadline=row.max_deadline,
        reversal_window=row.reversal_window,
        dispute_window=row.dispute_window,
        step_up_threshold=row.step_up_threshold,
        merchant_daily_limit=row.merchant_daily_limit,
        redemption_amount=row.redemption_amount,
        redemption_count=row.redemption_count,
        day_amount=row.day_amount,
        day_count=row.day_count,
        month_amount=row.month_amount,
        month_count=row.month_count,
        open_seconds=row.open_seconds,
        open_max_bill=row.open_max_bill,
        first_only=bool(row.flags & _FIRST_ONLY),
        transferable=bool(row.flags & _TRANSFERABLE),
    )
