"""What `vouchertrail rules show` prints."""

from __future__ import annotations

from dataclasses import fields

from node_api.cli.audit_output import Cell, Section, local_time
from node_api.domain.models import Rules, Widening
from node_api.domain.regions import unpack_region
from node_api.domain.trail import Step
from node_api.domain.versions import RulesVersion
from node_api.services.rules_standing import RulesStanding

_NOT_TERMS = ("programme", "version")


def rules_sections(standing: RulesStanding) -> list[Section]:
    """Which version stood, its terms beside those of the others, and how each came to be."""
    zone = standing.programme.utc_offset_minutes
    stood = "none: the programme was not published" if standing.stood is None else str(standing.stood.version)
    what: list[tuple[Cell, ...]] = [
        ("programme", f"{standing.programme.id} {standing.programme.ref} ({standing.programme.name})"),
        ("at", local_time(standing.at, zone)),
        ("version that stood", stood),
        ("widened by then", _widened(standing.widening) or "nothing"),
        ("as of", f"block {standing.block.number}, {local_time(standing.block.timestamp, zone)}"),
    ]
    columns = tuple(f"version {one.version}" for one, _ in standing.versions)
    names = [one.name for one in fields(Rules) if one.name not in _NOT_TERMS]
    terms = [(name, *(_term(one.rules, name) for one, _ in standing.versions)) for name in names]
    return [
        Section("Rules", ("what", "value"), what),
        Section("Terms", ("term", *columns), terms),
        Section(
            "Versions",
            ("version", "state", "step", "at", "by", "why", "widens"),
            [row for one, state in standing.versions for row in _rows(one, state.value, zone)],
        ),
    ]


def _rows(one: RulesVersion, state: str, zone: int) -> list[tuple[Cell, ...]]:
    steps = [step for step in (one.proposed, one.activated, one.withdrawn) if step is not None]
    rows = [_row(one, state, step, zone) for step in steps]
    if one.activated is None and one.withdrawn is None and one.proposed is not None:
        rows.append((one.version, state, "ripe", local_time(one.ripe_at, zone), None, None, None))
    return rows


def _row(one: RulesVersion, state: str, step: Step, zone: int) -> tuple[Cell, ...]:
    widens = _widened(one.widening) if step is one.proposed else None
    return (one.version, state, step.name, local_time(step.tx.block.timestamp, zone), step.actor, step.reason, widens)


def _term(rules: Rules, name: str) -> Cell:
    value: int | bool = getattr(rules, name)
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _widened(widening: Widening) -> str:
    def bits(mask: int) -> str:
        return ", ".join(str(bit) for bit in range(mask.bit_length()) if mask >> bit & 1)

    parts = [
        f"categories {bits(widening.categories)}" if widening.categories else "",
        "regions " + ", ".join(unpack_region(one) or "everywhere" for one in widening.regions)
        if widening.regions
        else "",
        f"channels {bits(widening.channels)}" if widening.channels else "",
    ]
    return "; ".join(part for part in parts if part)
