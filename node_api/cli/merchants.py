"""`vouchertrail merchants`: what becomes of merchants, each step by the role that may take it."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, local_time, plain, print_report
from node_api.cli.merchant_accounts import ACCOUNT_COMMANDS
from node_api.cli.options import Shared, shared_options
from node_api.cli.staff import ADDRESS, CATEGORIES, CHANNELS, REASON, REGION, Parsed, staffed, step
from node_api.domain.ids import Address
from node_api.domain.importing import values
from node_api.domain.models import Merchant
from node_api.domain.regions import unpack_region
from node_api.services import merchant_staff as staff_steps
from node_api.services.auditing import find_merchant
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import Command, EnterMerchants, MerchantTerms

NAME = click.argument("name", metavar="ID|REF")
WHY = click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")


@click.group(name="merchants")
def cli() -> None:
    """Merchants: apply, review by two people, suspend, change, remove; keys, terminals, payout account. Safe to call twice."""


for _command in ACCOUNT_COMMANDS:
    cli.add_command(_command)


@cli.command()
@click.argument("ref", type=Parsed("reference", values.reference))
@click.option("--categories", type=CATEGORIES, required=True, help="Numbers joined by `;`: what it is vetted for.")
@click.option("--region", type=REGION, required=True, help="1-9 digits: where it is.")
@click.option("--channels", type=CHANNELS, required=True, help="Names joined by `;`: how it sells.")
@click.option("--payout", type=ADDRESS, required=True, help="The account it is paid at.")
@shared_options
def apply(shared: Shared, ref: str, categories: int, region: int, channels: int, payout: Address) -> None:
    """Enter the application of a merchant under REF. REGISTRAR."""
    terms = MerchantTerms(categories, region, channels, payout)
    step(
        shared,
        f"{ref} applied",
        f"{ref} applied before",
        lambda reader: None if reader.merchant_by_ref(ref) else EnterMerchants(((ref, terms),)),
    )


@cli.command()
@NAME
@shared_options
def activate(shared: Shared, name: str) -> None:
    """Activate a merchant that applied. APPROVER."""
    step(
        shared,
        f"{name} is active",
        f"{name} is active",
        lambda reader: staff_steps.activation(find_merchant(reader, name)),
    )


@cli.command()
@NAME
@WHY
@shared_options
def reject(shared: Shared, name: str, reason: str) -> None:
    """Reject an application for good. APPROVER."""
    step(
        shared,
        f"{name} is rejected",
        f"{name} is rejected or removed",
        lambda reader: staff_steps.rejection(find_merchant(reader, name), reason),
    )


@cli.command()
@NAME
@WHY
@shared_options
def suspend(shared: Shared, name: str, reason: str) -> None:
    """Suspend an active merchant at once. REGISTRAR."""
    step(
        shared,
        f"{name} is suspended",
        f"{name} is suspended",
        lambda reader: staff_steps.suspension(find_merchant(reader, name), reason),
    )


@cli.command()
@NAME
@WHY
@shared_options
def reinstate(shared: Shared, name: str, reason: str) -> None:
    """Take a suspension back. APPROVER."""
    step(
        shared,
        f"{name} is active again",
        f"{name} is active",
        lambda reader: staff_steps.reinstatement(find_merchant(reader, name), reason),
    )


@cli.command(name="propose-removal")
@NAME
@WHY
@shared_options
def propose_removal(shared: Shared, name: str, reason: str) -> None:
    """Propose that a merchant be removed for good. REGISTRAR."""
    step(
        shared,
        f"the removal of {name} is proposed",
        f"the removal of {name} was proposed",
        lambda reader: staff_steps.removal_proposal(reader, find_merchant(reader, name), reason),
    )


@cli.command()
@NAME
@WHY
@shared_options
def remove(shared: Shared, name: str, reason: str) -> None:
    """Remove a merchant whose removal was proposed. APPROVER."""
    step(
        shared,
        f"{name} is removed",
        f"{name} is removed",
        lambda reader: staff_steps.removal(find_merchant(reader, name), reason),
    )


@cli.command(name="propose-change")
@NAME
@click.option("--categories", type=CATEGORIES, help="Numbers joined by `;`; as they are, where not given.")
@click.option("--region", type=REGION, help="1-9 digits; as it is, where not given.")
@click.option("--channels", type=CHANNELS, help="Names joined by `;`; as they are, where not given.")
@shared_options
def propose_change(shared: Shared, name: str, categories: int | None, region: int | None, channels: int | None) -> None:
    """Propose other terms, without any option those in force, in place of what waits. REGISTRAR. Not the payout account."""

    def decide(reader: AuditReader) -> Command | None:
        merchant = find_merchant(reader, name)
        return staff_steps.change_proposal(
            reader, merchant, staff_steps.terms_of(merchant, categories, region, channels)
        )

    step(shared, f"other terms of {name} are proposed", f"{name} has these terms, or they were proposed", decide)


@cli.command()
@NAME
@shared_options
def change(shared: Shared, name: str) -> None:
    """Put the terms proposed last into force. APPROVER. Look at them first with `show`."""
    step(
        shared,
        f"{name} has the terms proposed",
        f"{name} has the terms proposed",
        lambda reader: staff_steps.change(reader, find_merchant(reader, name)),
    )


# --- looking ---


@cli.command(name="list")
@shared_options
def list_merchants(shared: Shared) -> None:
    """All merchants with their status."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        merchants = reader.merchants()
        rows = [(*_head(one), one.payout) for one in merchants]
        columns = ("merchant", "reference", "status", "categories", "region", "channels", "payout account")
        told = [_told(one) for one in merchants]
        print_report(shared, False, {"merchants": told}, [Section("Merchants", columns, rows)])


@cli.command()
@NAME
@shared_options
def show(shared: Shared, name: str) -> None:
    """One merchant: terms in force and proposed, accounts with limits, payout accounts, steps."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        merchant = find_merchant(reader, name)
        proposed = staff_steps.proposed_terms(reader, merchant)
        accounts, payouts = reader.merchant_accounts(merchant.id), reader.payout_changes(merchant.id)
        steps = reader.merchant_steps(merchant.id)
        terms = [("in force", *_head(merchant)[2:])]
        if proposed is not None:
            shown = (_numbers(proposed.categories), unpack_region(proposed.region), _channels(proposed.channels))
            terms.append(("proposed", "", *shown))
        sections = [
            Section(
                f"Merchant {merchant.id}, {merchant.ref}",
                ("terms", "status", "categories", "region", "channels"),
                terms,
            ),
            Section(
                "Accounts",
                ("account", "kind", "daily limit"),
                [("payout", merchant.payout, None)] + [(one.kind, one.account, one.daily_limit) for one in accounts],
            ),
            Section(
                "Payout accounts",
                ("step", "account", "by", "may be approved from", "reason"),
                [
                    (p.name, p.account, p.actor, local_time(p.ripe_at, 0) if p.ripe_at else "", p.reason)
                    for p in payouts
                ],
            ),
            Section(
                "Steps",
                ("step", "by", "reason", "block"),
                [(one.name, one.actor, one.reason, one.tx.block.number) for one in steps],
            ),
        ]
        whole = {"accounts": accounts, "payouts": payouts, "steps": steps}
        print_report(shared, False, {"merchant": _told(merchant), "proposed": _told(proposed), **whole}, sections)


def _told(terms: Merchant | MerchantTerms | None) -> object:
    """A merchant or its terms for programs, the region as its code in clear."""
    told = plain(terms)
    return {**told, "region": unpack_region(told["region"])} if isinstance(told, dict) else told


def _head(merchant: Merchant) -> tuple[int, str, str, str, str, str]:
    return (
        merchant.id,
        merchant.ref,
        str(plain(merchant.status)),
        _numbers(merchant.categories),
        unpack_region(merchant.region),
        _channels(merchant.channels),
    )


def _numbers(mask: int) -> str:
    return ";".join(str(bit) for bit in range(mask.bit_length()) if mask >> bit & 1)


def _channels(mask: int) -> str:
    return ";".join(name for bit, name in enumerate(values.CHANNELS) if mask >> bit & 1)
