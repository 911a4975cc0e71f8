"""`vouchertrail relayers`: which accounts relay redemptions, and who is to."""

from __future__ import annotations

from collections.abc import Callable

import rich_click as click

from node_api.chain.keys import KeyRole
from node_api.cli.audit_output import Section, print_report
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.oversight import shown
from node_api.cli.staff import ADDRESS, Staff, staffed
from node_api.domain.ids import Address, UnixSeconds
from node_api.domain.relayers import Relayer
from node_api.services.ports.treasury import Command
from node_api.services.relayer_staff import granting, is_last, relayer_of, revoking

_STEPS = 2
_ACCOUNT = click.argument("account", type=ADDRESS)


@click.group(name="relayers")
def cli() -> None:
    """Accounts that send redemptions: one for each process that sends. Safe to call twice."""


@cli.command()
@_ACCOUNT
@shared_options
def grant(shared: Shared, account: Address) -> None:
    """Have ACCOUNT relay: give it the role OPERATOR and list it. Where the role takes effect later, call again then. ADMIN."""
    with staffed(shared) as staff:
        now = staff.office.desk.now
        relayer, sent = _carry_out(staff, account, lambda one: granting(one, now()))
        told = f"{account} relays"
        if not relayer.listed:
            told = f"{account} has the role from {shown(relayer.since or 0)} on: call this again then, and it relays"
        _tell(shared, relayer, sent, told)


@cli.command()
@_ACCOUNT
@click.option("--last", is_flag=True, help="Even where nobody relays then.")
@shared_options
def revoke(shared: Shared, account: Address, last: bool) -> None:
    """Have ACCOUNT no longer relay: take the role OPERATOR from it and take it off the list. ADMIN."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            if not last and is_last(reader, account, staff.office.desk.now()):
                why = f"{account} is the only account that relays: without it no node sends a redemption"
                remedy = "grant another one first, or say --last"
                fail(f"{why}; {remedy}", FAULT, kind="LastRelayer", as_json=shared.as_json)
        relayer, sent = _carry_out(staff, account, revoking)
        _tell(shared, relayer, sent, f"{account} does not relay")


@cli.command(name="list")
@shared_options
def list_command(shared: Shared) -> None:
    """List accounts that relay, did, or are about to."""
    with staffed(shared, sends=False) as staff:
        with staff.reader() as reader:
            found = reader.relayers()
        now, keys = staff.office.desk.now(), staff.office.keys
        own = keys.address(KeyRole.OPERATOR).lower() if KeyRole.OPERATOR in keys.present() else None
    rows = [
        (one.account, "yes" if one.listed else "no", _role(one, now), "this folder" if one.account == own else None)
        for one in found
    ]
    section = Section("Accounts that relay", ("account", "relays", "role OPERATOR", "key"), rows)
    print_report(shared, False, {"relayers": found, "own": own}, [section])


def _role(one: Relayer, now: UnixSeconds) -> str:
    """The role in words, and what is to be done where the list says otherwise."""
    if one.since is None:
        return "none: call revoke again" if one.listed else "none"
    if one.since > now:
        return f"from {shown(one.since)} on"
    return f"since {shown(one.since)}" + ("" if one.listed else ": call grant again")


def _carry_out(
    staff: Staff, account: Address, decide: Callable[[Relayer], Command | None]
) -> tuple[Relayer, list[str]]:
    """Sends the role's command, then the list's, where there is something to do; the account then, and the transactions."""
    sent: list[str] = []
    while True:
        with staff.reader() as reader:
            relayer = relayer_of(reader, account)
        command = decide(relayer)
        if command is None or len(sent) == _STEPS:
            return relayer, sent
        sent.append(staff.send(command).transaction)


def _tell(shared: Shared, relayer: Relayer, sent: list[str], told: str) -> None:
    fields: dict[str, object] = {"done": bool(sent), "told": told, "relays": relayer.listed, "since": relayer.since}
    shared.tell(fields | {"transactions": sent}, told if sent else f"nothing to do: {told}")
