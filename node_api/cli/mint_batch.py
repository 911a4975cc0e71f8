"""`vouchertrail mint_batch`: issue open batches to a file of holders."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import rich_click as click
from eth_utils.address import is_checksum_address

from node_api.cli.folder import bar, say_aside, tell_faults
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.outlook import warn_ahead
from node_api.cli.staff import Parsed
from node_api.cli.treasury import TreasuryOffice, open_treasury, treasury_lock
from node_api.domain.ids import UnixSeconds
from node_api.domain.importing import values
from node_api.domain.importing.rows import Ref
from node_api.domain.printable import counted
from node_api.domain.validity import BatchSpan
from node_api.services.importing.report import FaultReport
from node_api.services.minting.holders_file import Holders, read_holders_file, rolls_of
from node_api.services.minting.mint import Minting, MintingImpossible, find_batches
from node_api.services.ports.treasury import CommandRefused
from node_api.services.validity import span

_REF = Parsed("reference", values.reference)
"""With a space behind it, it would be another one, and mint once more."""


@click.command(name="mint_batch")
@click.argument("holders", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("batches", "--batch", multiple=True, required=True, help="A batch, by reference or id; may be repeated.")
@click.option(
    "--ref", type=_REF, required=True, help="Reference of this minting; the same one again does nothing twice."
)
@click.option("--dry-run", is_flag=True, help="Check and tell what would be done; send nothing.")
@shared_options
def cli(shared: Shared, holders: Path, batches: tuple[str, ...], ref: str, dry_run: bool) -> None:
    """Issue open batches to a file of HOLDERS: one voucher of each batch for every line.

    HOLDERS has one wallet a line (a person's reference, an address, or device:REFERENCE), or is a CSV with a column
    `holder`. The whole file, the batches' quotas and their budget lines are checked first.
    """
    found = read_holders_file(holders, is_checksum_address)
    if isinstance(found, FaultReport):
        tell_faults(shared, holders, found)
        raise SystemExit(USAGE)
    with treasury_lock(shared.settings):
        office = open_treasury(shared.settings)
        try:
            _mint(shared, office, found, batches, ref, dry_run)
        except MintingImpossible as fault:
            fail("\n".join(map(str, fault.obstacles)), FAULT, kind="MintingImpossible", as_json=shared.as_json)
        except CommandRefused as fault:
            fail(str(fault), FAULT, kind=fault.error or "CommandRefused", as_json=shared.as_json)
        finally:
            office.rpc.close()


def _mint(
    shared: Shared, office: TreasuryOffice, holders: Holders, names: tuple[str, ...], ref: str, dry_run: bool
) -> None:
    batches = find_batches(names, office.book)
    programme = Ref(office.book.programme_ref(batches[0].terms.programme))
    minting = Minting(batches, rolls_of(holders, programme, ref), office.desk, office.book, office.wallets)
    plan = minting.plan
    warnings = warn_ahead(shared, office, _spans(names, office) if plan.pairs else [])
    if plan.pairs and not dry_run:
        with bar(shared, "minting") as advance:
            minting.run(lambda stage, count: advance(stage, count, plan.rolls + plan.pairs), say_aside)
    if not plan.pairs:
        told = "nothing to do: these holders have these vouchers already"
    else:
        verb = "would be issued; nothing was sent" if dry_run else "issued"
        told = (
            f"{counted(plan.vouchers, 'voucher')} worth {plan.amount:,} in {counted(plan.pairs, 'issue')} {verb}; "
            f"{counted(minting.tally.transactions.total(), 'transaction')}, {minting.tally.gas.total():,} gas"
        )
    fields: dict[str, object] = {
        **asdict(plan),
        "dry_run": dry_run,
        "warnings": warnings,
        "transactions": minting.tally.transactions.total(),
        "gas": minting.tally.gas.total(),
    }
    shared.tell(fields, told)


def _spans(names: tuple[str, ...], office: TreasuryOffice) -> list[BatchSpan]:
    """What is left of the batches' validity for somebody who gets one now."""
    now = office.desk.now()
    spans = (span(name, batch.terms) for name in names for batch in find_batches([name], office.book))
    return [replace(one, valid_from=UnixSeconds(max(one.valid_from, now))) for one in spans]
