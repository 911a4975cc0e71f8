"""What the demonstration tells at its end: figures, the identity of every programme, and what to try next."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Column, Table

from node_api.cli.demo_story import StoryFigures, story_lines
from node_api.cli.folder import console
from node_api.cli.options import Shared
from node_api.domain.ids import Amount, VoucherId, programme_of_line
from node_api.domain.models import Programme
from node_api.domain.reconciliation import TERMS, Reconciliation
from node_api.services.ports.reading import Reader
from node_api.services.replaying.replay import Summary


@dataclass(frozen=True, slots=True)
class Identity:
    """A programme's money, summed over its lines; `equal` where every source gives every term alike and they add up."""

    programme: int
    ref: str
    deposited: Amount
    available: Amount
    committed: Amount
    payable: Amount
    settled: Amount
    returned: Amount
    equal: bool


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """What stands on chain after the demonstration; the same however often it is run.

    Attributes:
        codes: accepted, one for each receipt and programme; `refused_codes` those refused.
        synthetic_bills: codes whose bill the data does not give, by reason.
        supply_gas: of all rolls and issues together.
        values_compared: by the reconciliation.
        example: a redeemed voucher, to be traced.
        story: the programme that was told beside, counted in none of the figures above but the reconciliation's.
    """

    programmes: int
    lines: int
    merchants: int
    batches: int
    rolls: int
    vouchers: int
    redemptions: int
    codes: int
    refused_codes: int
    unexpected: int
    synthetic_bills: Mapping[str, int]
    supply_gas: int
    values_compared: int
    differences: int
    identities: tuple[Identity, ...]
    example: VoucherId | None
    story: StoryFigures | None

    @property
    def as_expected(self) -> bool:
        """Whether every code ended as expected, and all money agrees."""
        told = self.story is None or (not self.story.unexpected and all(step.adds_up for step in self.story.steps))
        return told and not self.differences and not self.unexpected


def figures_of(
    reader: Reader,
    outcome: Reconciliation,
    summary: Summary,
    story: StoryFigures | None,
    *,
    synthetic: Mapping[str, int],
    supply_gas: int,
) -> DemoFigures:
    """Gathers the figures from the record as of the reader's block."""
    programmes = [one for one in reader.programmes() if story is None or one.id != story.programme]
    totals = [reader.totals(one.id) for one in programmes]
    first = next((found for one in programmes for found in reader.redemptions(programme=one.id, limit=1)), None)
    return DemoFigures(
        programmes=len(programmes),
        lines=outcome.lines - (0 if story is None else story.lines),
        merchants=len(reader.merchants()) - (0 if story is None else story.merchants),
        batches=sum(one.batches for one in totals),
        rolls=sum(one.rolls for one in totals),
        vouchers=sum(one.issued for one in totals),
        redemptions=sum(one.redeemed for one in totals),
        codes=summary.accepted,
        refused_codes=summary.refused.total(),
        unexpected=len(summary.unexpected),
        synthetic_bills=dict(synthetic),
        supply_gas=supply_gas,
        values_compared=len(outcome.checks),
        differences=len(outcome.differences),
        identities=tuple(_identities(reader, outcome, programmes)),
        example=None if first is None else first.voucher,
        story=story,
    )


def _identities(reader: Reader, outcome: Reconciliation, programmes: Iterable[Programme]) -> list[Identity]:
    unequal = {programme_of_line(check.line) for check in outcome.differences if check.line is not None}
    found: list[Identity] = []
    for programme in programmes:
        lines = reader.lines(programme.id)
        sums = {term: Amount(sum(getattr(line, term) for line in lines)) for term in TERMS}
        adds_up = sums["deposited"] == sum(sums[term] for term in TERMS[1:])
        found.append(Identity(programme.id, programme.ref, **sums, equal=adds_up and programme.id not in unequal))
    return found


def tell_demo(
    shared: Shared, figures: DemoFigures, seconds: Mapping[str, float], *, url: str | None, report: Path, loaded: int
) -> None:
    """Tells programs everything in one line of JSON, people a report."""
    fields = {"figures": asdict(figures), "seconds": dict(seconds), "transactions_loaded": loaded, "url": url}
    if shared.as_json:
        shared.tell(fields, "")
        return
    console.print(_identity_table(figures))
    if figures.story is not None:
        console.print("\n".join(story_lines(figures.story)), highlight=False, markup=False, soft_wrap=True)
    console.print(_figures_table(figures, seconds))
    console.print("\n".join(_next(shared, figures, url, report)), highlight=False, soft_wrap=True)


def _identity_table(figures: DemoFigures) -> Table:
    title = "deposited = available + committed + payable + settled + returned, in cents"
    table = Table("programme", *(Column(term, justify="right") for term in TERMS), "equal", title=title)
    for entry in figures.identities:
        table.add_row(entry.ref, *(f"{getattr(entry, term):,}" for term in TERMS), "yes" if entry.equal else "NO")
    return table


def _figures_table(figures: DemoFigures, seconds: Mapping[str, float]) -> Table:
    table = Table("what", Column("figure", justify="right"))
    synthetic = sum(figures.synthetic_bills.values())
    lines: dict[str, int] = {
        "programmes": figures.programmes,
        "budget lines": figures.lines,
        "merchants": figures.merchants,
        "campaign batches": figures.batches,
        "rolls of holders": figures.rolls,
        "vouchers": figures.vouchers,
        "redemptions accepted": figures.redemptions,
        "… by codes, one for each receipt and programme": figures.codes,
        "codes refused": figures.refused_codes,
        "codes with a synthetic bill": synthetic,
        **{f"… because of {reason}": count for reason, count in figures.synthetic_bills.items()},
        "gas of rolls and issues": figures.supply_gas,
        "values compared between bits, events, index and escrow": figures.values_compared,
        "… that differ": figures.differences,
        **_story_lines(figures.story),
    }
    for name, value in lines.items():
        table.add_row(name, f"{value:,}")
    table.add_section()
    for name, spent in seconds.items():
        table.add_row(f"seconds: {name}", f"{spent:.1f}")
    return table


def _story_lines(story: StoryFigures | None) -> dict[str, int]:
    if story is None:
        return {}
    return {
        "the story, beside all these: vouchers": story.vouchers,
        "… redemptions that stand": story.redemptions,
        "… codes refused as it wants": story.refused_codes,
        "… acts of staff and parties": story.acts,
    }


def _next(shared: Shared, figures: DemoFigures, url: str | None, report: Path) -> list[str]:
    data = f" --data {shared.settings.data}" if str(shared.settings.data) != ".vouchertrail" else ""
    called = Path(sys.argv[0])
    command = called if called.name == "vouchertrail" else "vouchertrail"
    lines = ["", "[bold]What to try next[/bold]"]
    if figures.example is not None:
        lines.append(f"  {command} audit trace {figures.example}{data}      the whole life of one voucher")
    lines += [
        f"  {command} audit programme {figures.identities[-1].ref}{data}      one programme, its decisions and its money",
        f"  {command} audit reconcile{data}      every term of every budget line, from five sources",
        f"  {command} api-keys create --role auditor --name me{data}      a key for the API",
        f"  less {report}      what became of every row of the data",
    ]
    if url is not None:
        lines += [
            f"  curl -H 'Authorization: Bearer vt_…' {url}/v1/programmes",
            "",
            f"serving at {url}, documented at {url}/docs, until Ctrl-C",
        ]
    return lines
