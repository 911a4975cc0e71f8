"""`vouchertrail programmes show|describe|propose|approve|reject|publish|activate`: a programme's life up to its activation."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from eth_utils.crypto import keccak

from node_api.chain.keys import KeyRole
from node_api.cli.audit_output import Cell, Section, local_time, plain, print_report
from node_api.cli.options import Shared, shared_options
from node_api.cli.staff import REASON, Parsed, staffed, step, take
from node_api.domain.ids import Hash
from node_api.domain.importing import values
from node_api.domain.models import ProgrammeState
from node_api.domain.publication import Publication, PublishedText
from node_api.services.auditing import find_programme
from node_api.services.ports.treasury import PublicationTerms
from node_api.services.programme_staff import approved, published_with, rejected, stepped

_NAME = click.argument("name", metavar="ID|REF")
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_URI = Parsed("text", values.uri)


@click.command()
@_NAME
@shared_options
def show(shared: Shared, name: str) -> None:
    """Who did what with a programme, when and why, and what it is published with."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        programme = find_programme(reader, name)
        publication, steps = reader.publication(programme.id), reader.programme_steps(programme.id)
    zone = programme.utc_offset_minutes
    rows: list[tuple[Cell, ...]] = [
        (one.name, local_time(one.tx.block.timestamp, zone), one.actor, one.reason, one.tx.block.number)
        for one in steps
    ]
    what: list[tuple[Cell, ...]] = [
        ("programme", f"{programme.id} {programme.ref} ({programme.name})"),
        ("state", str(plain(programme.state))),
        ("approvals needed", programme.approvals_needed),
        *_publication_rows(publication, zone),
    ]
    sections = [
        Section("Programme", ("what", "value"), what),
        Section("Steps", ("step", "at", "by", "why", "block"), rows),
    ]
    print_report(shared, False, {"programme": programme, "publication": publication, "steps": steps}, sections)


@click.command()
@_NAME
@click.option(
    "--notice", type=click.IntRange(0, values.NOTICE_MAX), default=0, help="Seconds between publication and start."
)
@click.option("--how-to-use", type=_FILE, help="The text on how to use the vouchers; the chain gets its keccak256.")
@click.option("--how-to-use-uri", type=_URI, help="Where that text is found.")
@click.option("--conditions", type=_FILE, help="The text of the conditions; the chain gets its keccak256.")
@click.option("--conditions-uri", type=_URI, help="Where that text is found.")
@shared_options
def describe(
    shared: Shared,
    name: str,
    notice: int,
    how_to_use: Path | None,
    how_to_use_uri: str | None,
    conditions: Path | None,
    conditions_uri: str | None,
) -> None:
    """Say what a draft will be published with, in place of what was said before. TREASURER."""
    terms = PublicationTerms(notice, _text(how_to_use, how_to_use_uri), _text(conditions, conditions_uri))
    step(shared, f"{name} will be published so", f"{name} will be published so", published_with(name, terms))


@click.command()
@_NAME
@shared_options
def propose(shared: Shared, name: str) -> None:
    """Put a draft before the approvers; it cannot be changed from then on. TREASURER."""
    told = f"{name} is proposed"
    step(shared, told, told, stepped(name, ProgrammeState.PROPOSED))


@click.command()
@_NAME
@shared_options
def approve(shared: Shared, name: str) -> None:
    """Approve a proposed programme, which neither its drafter nor its proposer may. APPROVER."""
    told = f"{name} is approved by this node's approver"
    with staffed(shared) as staff:
        take(staff, told, told, approved(name, staff.office.keys.address(KeyRole.APPROVER)))


@click.command()
@_NAME
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def reject(shared: Shared, name: str, reason: str) -> None:
    """Turn a proposed programme down for good. APPROVER."""
    step(shared, f"{name} is rejected", f"{name} is rejected", rejected(name, reason))


@click.command()
@_NAME
@shared_options
def publish(shared: Shared, name: str) -> None:
    """Publish an approved programme: batches can be opened, and its notice begins. TREASURER."""
    step(shared, f"{name} is published", f"{name} is published", stepped(name, ProgrammeState.PUBLISHED))


@click.command()
@_NAME
@shared_options
def activate(shared: Shared, name: str) -> None:
    """Activate a published programme once its time has come and its notice is over. TREASURER."""
    step(shared, f"{name} is active", f"{name} is active", stepped(name, ProgrammeState.ACTIVE))


def _text(path: Path | None, uri: str | None) -> PublishedText | None:
    if path is None:
        if uri:
            raise click.UsageError("a text that has an address is given, too: the chain gets its hash")
        return None
    return PublishedText(Hash("0x" + keccak(path.read_bytes()).hex()), uri or "")


def _publication_rows(publication: Publication, zone: int) -> list[tuple[Cell, ...]]:
    texts = (("how to use", publication.how_to_use), ("conditions", publication.conditions))
    rows: list[tuple[Cell, ...]] = [("notice", f"{publication.notice_seconds:,} seconds")]
    rows += [(name, "none" if text is None else f"{text.uri} {text.hash}".strip()) for name, text in texts]
    if publication.earliest:
        rows += [("quota", publication.quota), ("activated not before", local_time(publication.earliest, zone))]
    return rows


STEP_COMMANDS = (show, describe, propose, approve, reject, publish, activate)
