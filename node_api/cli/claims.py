"""`vouchertrail claims`: lists of those who may claim, and rounds of claims."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, print_report
from node_api.cli.claim_list import HASH, make_list
from node_api.cli.options import Shared, shared_options
from node_api.cli.oversight import Moment
from node_api.cli.staff import REASON, staffed, step
from node_api.domain.claims import EVERYBODY, RootStep, Round
from node_api.domain.errors import NothingProposed, RoundUnknown
from node_api.domain.ids import BatchId, Hash, ProgrammeId, UnixSeconds
from node_api.domain.printable import counted
from node_api.services.auditing import find_programme
from node_api.services.ports import claim_commands as c
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import Command

_NAME = click.argument("name", metavar="PROGRAMME")
_ROOT = click.argument("root", type=HASH)
_NUMBER = click.argument("number", metavar="ROUND", type=click.IntRange(1, (1 << 16) - 1))
_WHY = click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain: name no person.")


@click.group(name="claims")
def cli() -> None:
    """Lists of those who may claim, and rounds. Safe to call twice, but for `open --another`, which opens a round each time."""


cli.add_command(make_list)


@cli.command(name="propose-root")
@_NAME
@_ROOT
@_WHY
@shared_options
def propose_root(shared: Shared, name: str, root: Hash, reason: str) -> None:
    """Propose the ROOT of a list for a PROGRAMME (number or reference). REGISTRAR."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name).id
        last = _last_step(reader, programme, root)
        return c.ProposeRoot(programme, root, reason) if last is None or last.kind == "withdrawn" else None

    step(shared, f"root {root} is proposed", "this root was proposed", decide)


@cli.command(name="approve-root")
@_NAME
@_ROOT
@shared_options
def approve_root(shared: Shared, name: str, root: Hash) -> None:
    """Approve a proposed ROOT. APPROVER."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name).id
        return None if _known_step(reader, programme, root).kind == "approved" else c.ApproveRoot(programme, root)

    step(shared, f"root {root} is approved", "this root was approved", decide)


@cli.command(name="withdraw-root")
@_NAME
@_ROOT
@_WHY
@shared_options
def withdraw_root(shared: Shared, name: str, root: Hash, reason: str) -> None:
    """Take a proposed ROOT back. REGISTRAR."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name).id
        gone = _known_step(reader, programme, root).kind == "withdrawn"
        return None if gone else c.WithdrawRoot(programme, root, reason)

    step(shared, f"root {root} is withdrawn", "this root was withdrawn", decide)


@cli.command(name="open")
@_NAME
@click.option("--places", type=click.IntRange(1, (1 << 40) - 1), required=True, help="How many people get one.")
@click.option("--batch", "batches", type=click.IntRange(1, (1 << 24) - 1), multiple=True, required=True, help="By id.")
@click.option(
    "--from", "opens_at", type=Moment(), required=True, help="First second: Unix seconds, or ISO 8601 with zone."
)
@click.option("--until", "closes_at", type=Moment(), required=True, help="Its end, exclusive.")
@click.option("--root", type=HASH, default=EVERYBODY, help="Of an approved list; without it everybody may claim.")
@click.option("--another", is_flag=True, help="Open one though there is one of the same terms.")
@shared_options
def open_round(
    shared: Shared,
    name: str,
    places: int,
    batches: tuple[int, ...],
    opens_at: UnixSeconds,
    closes_at: UnixSeconds,
    root: Hash,
    another: bool,
) -> None:
    """Open a round of a PROGRAMME: each place gets one voucher of every BATCH; quota and money are kept for it. TREASURER."""
    pack = tuple(BatchId(batch) for batch in sorted(batches))

    def decide(reader: AuditReader) -> Command | None:
        wanted = c.OpenRound(find_programme(reader, name).id, places, opens_at, closes_at, root, pack)
        there = [_as_opened(one) for one in reader.rounds(wanted.programme)]
        return None if wanted in there and not another else wanted

    already = "a round of these terms was opened; `--another` opens one more"
    step(shared, f"a round of {counted(places, 'place')} is opened", already, decide)


@cli.command(name="close")
@_NAME
@_NUMBER
@shared_options
def close_round(shared: Shared, name: str, number: int) -> None:
    """Free what is kept for places of a ROUND that nobody claimed, once it is over."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name).id
        found = reader.round(programme, number)
        if found is None:
            raise RoundUnknown(f"round {number} of programme {programme}")
        return None if found.closed is not None else c.CloseRound(programme, number)

    step(shared, f"round {number} is closed", f"round {number} was closed", decide)


@cli.command()
@_NAME
@shared_options
def rounds(shared: Shared, name: str) -> None:
    """The rounds and lists of a PROGRAMME."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        programme = find_programme(reader, name).id
        found, steps = reader.rounds(programme), reader.root_steps(programme)
    rows = [
        (
            one.number,
            one.places,
            one.given,
            one.opens_at,
            one.closes_at,
            one.root if one.has_list else "everybody",
            ", ".join(map(str, one.batches)),
            "closed" if one.closed else "",
        )
        for one in found
    ]
    columns = ("round", "places", "given", "opens at", "closes at", "list", "batches", "closed")
    told = [(one.root, one.kind, one.actor, one.reason) for one in steps]
    sections = [Section("Rounds", columns, rows), Section("Lists", ("root", "step", "by", "reason"), told)]
    print_report(shared, False, {"rounds": found, "lists": steps}, sections)


def _as_opened(found: Round) -> c.OpenRound:
    pack = tuple(sorted(found.batches))
    return c.OpenRound(found.programme, found.places, found.opens_at, found.closes_at, found.root, pack)


def _last_step(reader: AuditReader, programme: ProgrammeId, root: Hash) -> RootStep | None:
    steps = [one for one in reader.root_steps(programme) if one.root == root]
    return steps[-1] if steps else None


def _known_step(reader: AuditReader, programme: ProgrammeId, root: Hash) -> RootStep:
    last = _last_step(reader, programme, root)
    if last is None:
        raise NothingProposed(f"root {root} of programme {programme}")
    return last
