"""`vouchertrail emergency`: the lane that only lengthens."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, print_report
from node_api.cli.options import Shared, shared_options
from node_api.cli.oversight import act, opened, reason_option, shown, until_option
from node_api.domain.ids import BatchId, ProgrammeId, UnixSeconds
from node_api.services.ports import oversight as o

_IDS = click.IntRange(1, (1 << 24) - 1)


@click.group(name="emergency")
def cli() -> None:
    """Extend batches, pause programmes, open channels. Nothing here takes anything from a holder."""


@cli.command()
@click.argument("batch", type=_IDS)
@until_option
@reason_option
@shared_options
def extend(shared: Shared, batch: int, until: UnixSeconds, reason: str) -> None:
    """Lengthen the validity of a BATCH, up to the end of its programme. Safe to call twice."""
    act(shared, o.Extend(BatchId(batch), until, reason), f"batch {batch} is valid until {shown(until)}")


@cli.command()
@click.argument("programme", type=_IDS, required=False)
@click.option("--all", "everything", is_flag=True, help="The whole network instead of one PROGRAMME.")
@until_option
@reason_option
@shared_options
def pause(shared: Shared, programme: int | None, everything: bool, until: UnixSeconds, reason: str) -> None:
    """Pause a PROGRAMME, or all, for 30 days at most; the time is given back. Safe to call twice."""
    number = _one(programme, everything)
    act(shared, o.Pause(number, until, reason), f"{_name(number)} is paused until {shown(until)}")


@cli.command()
@click.argument("programme", type=_IDS, required=False)
@click.option("--all", "everything", is_flag=True, help="The network's pause instead of a PROGRAMME's.")
@shared_options
def resume(shared: Shared, programme: int | None, everything: bool) -> None:
    """End a pause before its time. Safe to call twice."""
    number = _one(programme, everything)
    act(shared, o.Resume(number), f"{_name(number)} goes on")


@cli.command()
@click.argument("programme", type=_IDS)
@click.option(
    "--channel", "channels", type=click.IntRange(0, 7), multiple=True, required=True, help="0 till, 1 online …"
)
@until_option
@reason_option
@shared_options
def widen(shared: Shared, programme: int, channels: tuple[int, ...], until: UnixSeconds, reason: str) -> None:
    """Open channels to a PROGRAMME's vouchers until a date at which they close by themselves. Safe to call twice."""
    mask = sum(1 << channel for channel in set(channels))
    order = o.Widen(ProgrammeId(programme), mask, until, reason)
    act(shared, order, f"programme {programme} is open on {', '.join(map(str, channels))} until {shown(until)}")


@cli.command(name="list")
@shared_options
def list_command(shared: Shared) -> None:
    """List every use of the lane."""
    with opened(shared) as office, office.fresh.open() as (reader, _):
        steps = reader.lane.steps
    rows = [
        (step.kind, _name(step.programme, step.batch), step.channels or None, shown(step.until), step.reason)
        for step in steps
    ]
    columns = ("what", "of", "channels", "until", "reason")
    print_report(shared, False, {"steps": steps}, [Section("Emergency lane", columns, rows)])


def _one(programme: int | None, everything: bool) -> ProgrammeId:
    if (programme is None) != everything:
        raise click.UsageError("name a PROGRAMME, or --all")
    return ProgrammeId(programme or 0)


def _name(programme: int, batch: int = 0) -> str:
    return f"batch {batch}" if batch else f"programme {programme}" if programme else "the whole network"
