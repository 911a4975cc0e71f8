"""`vouchertrail merchants key-…`, `terminal-…`, `payout-…`: the accounts of a merchant."""

from __future__ import annotations

import rich_click as click

from node_api.cli.options import Shared, shared_options
from node_api.cli.staff import ADDRESS, MONEY, REASON, step
from node_api.domain.ids import Address, Amount
from node_api.services import merchant_staff as staff_steps
from node_api.services.auditing import find_merchant

_NAME = click.argument("name", metavar="ID|REF")
_ACCOUNT = click.argument("account", type=ADDRESS)


def _add(kind: str) -> click.Command:
    @click.command(name=f"{kind}-add", help=f"Give a merchant a {kind}. REGISTRAR.")
    @_NAME
    @_ACCOUNT
    @shared_options
    def command(shared: Shared, name: str, account: Address) -> None:
        step(
            shared,
            f"{name} has the {kind} {account}",
            f"{name} has the {kind} {account}",
            lambda reader: staff_steps.account_added(reader, find_merchant(reader, name), kind, account),
        )

    return command


def _remove(kind: str) -> click.Command:
    @click.command(name=f"{kind}-remove", help=f"Take a {kind} from a merchant. REGISTRAR.")
    @_NAME
    @_ACCOUNT
    @shared_options
    def command(shared: Shared, name: str, account: Address) -> None:
        step(
            shared,
            f"{name} no longer has the {kind} {account}",
            f"{name} does not have the {kind} {account}",
            lambda reader: staff_steps.account_removed(reader, find_merchant(reader, name), kind, account),
        )

    return command


def _replace(kind: str) -> click.Command:
    @click.command(name=f"{kind}-replace", help=f"Put a {kind} in the place of the OLD one, in one step. REGISTRAR.")
    @_NAME
    @click.argument("old", type=ADDRESS)
    @_ACCOUNT
    @shared_options
    def command(shared: Shared, name: str, old: Address, account: Address) -> None:
        step(
            shared,
            f"{name} has the {kind} {account} in the place of {old}",
            f"{name} has the {kind} {account}, and {old} no longer",
            lambda reader: staff_steps.account_replaced(reader, find_merchant(reader, name), kind, old, account),
        )

    return command


@click.command(name="terminal-limit")
@_NAME
@_ACCOUNT
@click.argument("daily_limit", type=MONEY)
@shared_options
def terminal_limit(shared: Shared, name: str, account: Address, daily_limit: Amount) -> None:
    """Limit what a terminal may redeem in a local day, in the token's smallest unit; 0 for no limit. REGISTRAR."""
    step(
        shared,
        f"the terminal {account} may redeem {daily_limit or 'any amount'} a day",
        f"the terminal {account} has this limit",
        lambda reader: staff_steps.terminal_limited(reader, find_merchant(reader, name), account, daily_limit),
    )


@click.command(name="payout-propose")
@_NAME
@_ACCOUNT
@shared_options
def payout_propose(shared: Shared, name: str, account: Address) -> None:
    """Propose another payout account; it may be approved three days later. REGISTRAR."""
    step(
        shared,
        f"{account} is proposed as the payout account of {name}",
        f"{account} is the payout account of {name}, or on its way",
        lambda reader: staff_steps.payout_proposal(reader, find_merchant(reader, name), account),
    )


@click.command(name="payout-approve")
@_NAME
@_ACCOUNT
@shared_options
def payout_approve(shared: Shared, name: str, account: Address) -> None:
    """Put the proposed payout ACCOUNT into force; it is named once more, so that nobody approves another. APPROVER."""
    step(
        shared,
        f"{account} is the payout account of {name}",
        f"{account} is the payout account of {name}",
        lambda reader: staff_steps.payout_approval(find_merchant(reader, name), account),
    )


@click.command(name="payout-withdraw")
@_NAME
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def payout_withdraw(shared: Shared, name: str, reason: str) -> None:
    """Take the proposed payout account back. REGISTRAR."""
    step(
        shared,
        f"no payout account of {name} is on its way any more",
        f"no payout account of {name} is on its way",
        lambda reader: staff_steps.payout_withdrawal(reader, find_merchant(reader, name), reason),
    )


ACCOUNT_COMMANDS: tuple[click.Command, ...] = (
    *(make(kind) for kind in ("key", "terminal") for make in (_add, _remove, _replace)),
    terminal_limit,
    payout_propose,
    payout_approve,
    payout_withdraw,
)
"""The commands of this module."""
