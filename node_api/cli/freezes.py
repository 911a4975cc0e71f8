"""`vouchertrail freezes`: freeze, appeal, lift, confirm, revoke."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import rich_click as click
from eth_utils.crypto import keccak

from node_api.cli.audit_output import Section, print_report
from node_api.cli.barring import bar
from node_api.cli.options import Shared, shared_options
from node_api.cli.oversight import act, opened, reason_option, shown, until_option
from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import VOUCHER_BITS, Address, Hash, UnixSeconds, VoucherId
from node_api.domain.printable import counted
from node_api.services.ports import oversight as o

F = TypeVar("F", bound=Callable[..., None])
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


@click.group(name="freezes")
def cli() -> None:
    """Freeze what is under suspicion, for 30 days at most, with this node's auditor's key."""


cli.add_command(bar)


def _subject(command: F) -> F:
    """SUBJECT NUMBER and, for a holder, `--holder`."""
    kinds = click.Choice([subject.name.lower() for subject in Subject])
    holder = click.option("--holder", metavar="ADDRESS", help="Of a holder; NUMBER is then the programme's.")
    number = click.argument("number", type=click.IntRange(1, (1 << VOUCHER_BITS) - 1))
    return click.argument("subject", type=kinds)(number(holder(command)))


def _what(subject: str, number: int, holder: str | None) -> Frozen:
    kind = Subject[subject.upper()]
    if (holder is not None) != (kind is Subject.HOLDER):
        raise click.UsageError("a holder, and nothing else, is named by --holder beside the programme's NUMBER")
    if holder is not None and not _ADDRESS.fullmatch(holder):
        raise click.BadParameter(f"{holder!r} is no address")
    return Frozen(kind, number, None if holder is None else Address(holder.lower()))


@cli.command()
@_subject
@until_option
@reason_option
@shared_options
def freeze(shared: Shared, subject: str, number: int, holder: str | None, until: UnixSeconds, reason: str) -> None:
    """Freeze SUBJECT NUMBER; it lapses by itself. Safe to call twice."""
    act(shared, o.Freeze(_what(subject, number, holder), until, reason), f"{subject} {number} is frozen")


@cli.command()
@_subject
@reason_option
@shared_options
def lift(shared: Shared, subject: str, number: int, holder: str | None, reason: str) -> None:
    """End the freeze of SUBJECT NUMBER. Safe to call twice."""
    act(shared, o.Lift(_what(subject, number, holder), reason), f"the freeze of {subject} {number} is lifted")


@cli.command()
@_subject
@reason_option
@shared_options
def confirm(shared: Shared, subject: str, number: int, holder: str | None, reason: str) -> None:
    """Confirm the freeze that another auditor set: a voucher is revoked, anything else stays frozen. Safe to call twice."""
    act(shared, o.Confirm(_what(subject, number, holder), reason), f"the freeze of {subject} {number} is confirmed")


@cli.command()
@_subject
@click.option("--letter", required=True, help="Text of the appeal; the chain gets its keccak256.")
@shared_options
def appeal(shared: Shared, subject: str, number: int, holder: str | None, letter: str) -> None:
    """Record an appeal against the freeze of SUBJECT NUMBER. Safe to call twice."""
    order = o.Appeal(_what(subject, number, holder), Hash("0x" + keccak(text=letter).hex()))
    act(shared, order, f"the appeal against the freeze of {subject} {number} is recorded")


@cli.command()
@click.argument("vouchers", type=click.IntRange(1, (1 << VOUCHER_BITS) - 1), nargs=-1, required=True)
@reason_option
@shared_options
def revoke(shared: Shared, vouchers: tuple[int, ...], reason: str) -> None:
    """Revoke VOUCHERS whose batch, roll or holder is under a confirmed freeze. Safe to call twice."""
    order = o.Revoke(tuple(VoucherId(voucher) for voucher in vouchers), reason)
    act(shared, order, f"{counted(len(vouchers), 'voucher')} revoked")


@cli.command(name="list")
@click.option("--holding", is_flag=True, help="Only what is frozen now.")
@shared_options
def list_command(shared: Shared, holding: bool) -> None:
    """List what was ever frozen, and the vouchers revoked, a thousand at most."""
    with opened(shared) as office, office.fresh.open() as (reader, now):
        freezes = [one for one in reader.freezes() if one.holds(now) or not holding]
        revocations = reader.revocations(limit=1_000)
    rows = [
        (
            one.what.subject.name.lower(),
            str(one.what.number),
            one.what.holder or "",
            shown(one.until),
            step.kind,
            step.reason,
        )
        for one in freezes
        for step in one.steps
    ]
    taken = [(str(one.voucher), one.amount, one.actor, one.reason) for one in revocations]
    sections = [
        Section("Revoked", ("voucher", "amount", "by", "reason"), taken),
        Section("Freezes", ("subject", "number", "holder", "frozen until", "step", "reason"), rows),
    ]
    print_report(shared, False, {"freezes": freezes, "revocations": revocations}, sections)
