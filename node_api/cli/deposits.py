"""`vouchertrail budget deposit`, `allow-token`, `disallow-token`: money into escrow, and the list of tokens."""

from __future__ import annotations

import re
from hashlib import sha256

import rich_click as click
from eth_utils.address import to_checksum_address

from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.staff import ADDRESS, MONEY, REASON, Staff, staffed
from node_api.domain.ids import Address, Amount, Hash, LineId, ProgrammeId, line_id
from node_api.services.auditing import find_programme
from node_api.services.ports import staff_commands as s
from node_api.services.ports.treasury import AllowEscrow, AllowToken, Command, DepositMoney

_HASH = re.compile(r"0x[0-9a-f]{64}")


@click.command()
@click.argument("name", metavar="PROGRAMME")
@click.argument("line", type=click.IntRange(1, (1 << 16) - 1))
@click.argument("amount", type=MONEY)
@click.option(
    "--slip", type=REASON, required=True, help="The bank slip: its hash as 0x-hex, or a text to be hashed (SHA-256)."
)
@click.option(
    "--from-funder", is_flag=True, help="Take it from the line's funder, who allowed the Treasury the amount."
)
@shared_options
def deposit(shared: Shared, name: str, line: int, amount: Amount, slip: str, from_funder: bool) -> None:
    """Move AMOUNT into escrow for a LINE of a PROGRAMME, from the treasurer or its funder. TREASURER. A slip counts once."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            programme = find_programme(reader, name)
        where = line_id(ProgrammeId(programme.id), line)
        digest = Hash(slip if _HASH.fullmatch(slip) else "0x" + sha256(slip.encode()).hexdigest())
        (before,) = staff.office.book.deposits([digest])
        if before is not None:
            _told_before(shared, digest, before, where)
            return
        commands: list[Command] = [s.DepositFromFunder(where, amount, digest)]
        if not from_funder:
            token = Address(to_checksum_address(programme.token))
            commands = [AllowEscrow(token, amount), DepositMoney(where, amount, digest)]
        _send(staff, commands, f"{amount:,} deposited for line {line} of {programme.ref} under slip {digest}")


def _told_before(shared: Shared, slip: Hash, before: LineId, where: LineId) -> None:
    if before != where:
        message = f"slip {slip} stands for a deposit into line {before & 0xFFFF} of programme {before >> 16}"
        fail(message, FAULT, kind="SlipUsed", as_json=shared.as_json)
    shared.tell({"done": False, "slip": slip}, f"nothing to do: slip {slip} was deposited")


@click.command(name="allow-token")
@click.argument("token", type=ADDRESS)
@shared_options
def allow_token(shared: Shared, token: Address) -> None:
    """Put a settlement TOKEN on the list. APPROVER."""
    _list(shared, token, AllowToken(token), allowed=True)


@click.command(name="disallow-token")
@click.argument("token", type=ADDRESS)
@shared_options
def disallow_token(shared: Shared, token: Address) -> None:
    """Take a settlement TOKEN off the list: no new programme uses it, running ones go on. APPROVER."""
    _list(shared, token, s.DisallowToken(token), allowed=False)


def _list(shared: Shared, token: Address, command: Command, *, allowed: bool) -> None:
    told = f"{token} is {'on' if allowed else 'not on'} the list"
    with staffed(shared) as staff:
        if staff.office.book.is_token_allowed(token) is allowed:
            shared.tell({"done": False, "told": told}, f"nothing to do: {told}")
        else:
            _send(staff, [command], told)


def _send(staff: Staff, commands: list[Command], told: str) -> None:
    carried = [staff.send(command) for command in commands][-1]
    fields: dict[str, object] = {"done": True, "told": told, "transaction": carried.transaction, "block": carried.block}
    staff.shared.tell(fields, f"{told}: transaction {carried.transaction} in block {carried.block}")


DEPOSIT_COMMANDS: tuple[click.Command, ...] = (deposit, allow_token, disallow_token)
"""The commands of this module."""
