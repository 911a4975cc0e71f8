"""`vouchertrail cases place-…`, `cases moves`: places given to another holder, and what moved."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, local_time, print_report
from node_api.cli.options import Shared, shared_options
from node_api.cli.staff import ADDRESS, REASON, staffed, step
from node_api.domain.ids import Address, Place, RollId, VoucherId
from node_api.services import place_staff

_ROLL = click.argument("roll", type=click.IntRange(1, (1 << 24) - 1))
_PLACE = click.argument("place", type=click.IntRange(0, (1 << 11) - 1))
_ACCOUNT = click.argument("account", type=ADDRESS)
_MOST = 1_000


@click.command(name="place-propose")
@_ROLL
@_PLACE
@_ACCOUNT
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def propose(shared: Shared, roll: int, place: int, account: Address, reason: str) -> None:
    """Propose that PLACE of ROLL, which nobody has taken up, be ACCOUNT's; approved seven days later. REGISTRAR."""
    step(
        shared,
        f"place {place} of roll {roll} is proposed for {account}",
        f"place {place} of roll {roll} is {account}'s, or on its way",
        lambda reader: place_staff.proposal(reader, RollId(roll), Place(place), account, reason),
    )


@click.command(name="place-approve")
@_ROLL
@_PLACE
@_ACCOUNT
@shared_options
def approve(shared: Shared, roll: int, place: int, account: Address) -> None:
    """Give PLACE of ROLL to the ACCOUNT proposed; it is named once more, so that nobody approves another. APPROVER."""
    step(
        shared,
        f"place {place} of roll {roll} is {account}'s",
        f"place {place} of roll {roll} is {account}'s",
        lambda reader: place_staff.approval(reader, RollId(roll), Place(place), account),
    )


@click.command(name="place-withdraw")
@_ROLL
@_PLACE
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def withdraw(shared: Shared, roll: int, place: int, reason: str) -> None:
    """Take back what is proposed for PLACE of ROLL. REGISTRAR."""
    step(
        shared,
        f"nothing is proposed for place {place} of roll {roll} any more",
        f"nothing is proposed for place {place} of roll {roll}",
        lambda reader: place_staff.withdrawal(reader, RollId(roll), Place(place), reason),
    )


@click.command(name="moves")
@click.option("--voucher", type=click.IntRange(0, (1 << 59) - 1), help="Only of this voucher.")
@click.option("--holder", type=ADDRESS, help="Only from or to this holder.")
@shared_options
def moves(shared: Shared, voucher: int | None, holder: Address | None) -> None:
    """List vouchers passed on, a thousand at most, and steps of places on their way to others."""
    of = None if voucher is None else VoucherId(voucher)
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        transfers = reader.transfers(voucher=of, holder=holder, limit=_MOST)
        changes = [one for one in reader.place_changes() if holder in (None, one.receiver)] if of is None else []
    sections = [
        Section(
            "Passed on",
            ("time", "voucher", "from", "to", "transaction"),
            [
                (local_time(one.tx.block.timestamp, 0), str(one.voucher), one.sender, one.receiver, one.tx.hash)
                for one in transfers
            ],
        ),
        Section(
            "Places",
            ("time", "step", "roll", "place", "to", "by", "may be approved from", "reason"),
            [
                (
                    local_time(one.tx.block.timestamp, 0),
                    one.name,
                    one.roll,
                    one.place,
                    one.receiver,
                    one.actor,
                    local_time(one.ripe_at, 0) if one.ripe_at else "",
                    one.reason,
                )
                for one in changes
            ],
        ),
    ]
    print_report(shared, False, {"transfers": transfers, "places": changes}, sections)


PLACE_COMMANDS: tuple[click.Command, ...] = (propose, approve, withdraw, moves)
"""The commands of this module."""
