"""`vouchertrail budget deposit`, `allow-token`, `disallow-token`: money into escrow, and the list of tokens."""

from __future__ import annotations

import re
from hashlib import sha256

import rich_click as click
from eth_utils.address import to_checksum_address

from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.staff import ADDRESS, MONEY, Parsed, Staff, hash_of, staffed
from node_api.domain.ids import Address, Amount, Hash, LineId, ProgrammeId, line_id
from node_api.domain.importing import values
from node_api.services.auditing import find_programme
from node_api.services.ports import staff_commands as s
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.indexing import PageUnsettled
from node_api.services.ports.treasury import AllowEscrow, AllowToken, Command, DepositMoney

_LIKE_A_HASH = re.compile(r"0x.*|[0-9a-f]{64}")


def _slip(text: str) -> Hash:
    """The hash that stands for a slip: the one given, in lower case, or that of a text.

    What may be meant for a hash is never taken for a text: it would be hashed, and the slip count twice.

    Raises:
        BadValue: it is neither.
    """
    words = values.text_of_people(text.strip())
    if _LIKE_A_HASH.fullmatch(words.lower()):
        return hash_of("bank slip that is given as a hash", words.lower())
    return Hash("0x" + sha256(words.encode()).hexdigest())


@click.command()
@click.argument("name", metavar="PROGRAMME")
@click.argument("line", type=click.IntRange(1, (1 << 16) - 1))
@click.argument("amount", type=MONEY)
@click.option(
    "--slip",
    "digest",
    type=Parsed("text", _slip),
    required=True,
    help="The bank slip: its hash as 0x-hex, or a text to be hashed (SHA-256).",
)
@click.option(
    "--from-funder", is_flag=True, help="Take it from the line's funder, who allowed the Treasury the amount."
)
@shared_options
def deposit(shared: Shared, name: str, line: int, amount: Amount, digest: Hash, from_funder: bool) -> None:
    """Move AMOUNT into escrow for a LINE of a PROGRAMME, from the treasurer or its funder. TREASURER. A slip counts once."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            programme = find_programme(reader, name)
        where = line_id(ProgrammeId(programme.id), line)
        (before,) = staff.office.book.deposits([digest])
        if before is not None:
            with staff.reader() as reader:
                _told_before(shared, digest, (before, _deposited(reader, before, digest)), (where, amount))
            return
        commands: list[Command] = [s.DepositFromFunder(where, amount, digest)]
        if not from_funder:
            token = Address(to_checksum_address(programme.token))
            commands = [AllowEscrow(token, amount), DepositMoney(where, amount, digest)]
        _send(staff, commands, f"{amount:,} deposited for line {line} of {programme.ref} under slip {digest}")


def _deposited(reader: AuditReader, line: LineId, slip: Hash) -> Amount:
    """What was deposited into the line under the slip. Raises PageUnsettled where the record does not have it yet."""
    for one in reader.deposits(line):
        if one.slip == slip:
            return one.amount
    raise PageUnsettled(f"the chain has a deposit under slip {slip}, the record has not: run the command again")


def _told_before(shared: Shared, slip: Hash, before: tuple[LineId, Amount], asked: tuple[LineId, Amount]) -> None:
    if before != asked:
        (line, amount), wanted = before, asked[1]
        into = f"line {line & 0xFFFF} of programme {line >> 16}"
        message = (
            f"slip {slip} stands for a deposit of {amount:,} into {into}; nothing was sent, {wanted:,} is not deposited"
        )
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
