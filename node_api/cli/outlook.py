"""What commands that open or issue batches say first: batches outside the policy, and batches shorter than people took."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.cli.folder import console
from node_api.cli.options import FAULT, Shared, fail
from node_api.cli.treasury import TreasuryOffice
from node_api.domain.validity import BatchSpan
from node_api.record import open_record
from node_api.services.validity import Outlook, outlooks


def look_ahead(shared: Shared, office: TreasuryOffice, batches: Sequence[BatchSpan]) -> list[str]:
    """Warnings about batches to be opened, shown to people, too. Ends the command, with all of them named, where the policy
    refuses any.
    """
    found = _outlooks(shared, office, batches)
    refusals = [one.refusal for one in found if one.outside is not None]
    if refusals:
        remedy = "lengthen or shorten them, or have exceptions granted (vouchertrail validity propose-exception)"
        fail("\n".join([*refusals, remedy]), FAULT, kind="ValidityRefused", as_json=shared.as_json)
    return _warned(shared, found)


def warn_ahead(shared: Shared, office: TreasuryOffice, batches: Sequence[BatchSpan]) -> list[str]:
    """Warnings about batches that are open already, shown to people, too."""
    return _warned(shared, _outlooks(shared, office, batches))


def _outlooks(shared: Shared, office: TreasuryOffice, batches: Sequence[BatchSpan]) -> list[Outlook]:
    """Policy and experience are read from the record, which is brought up to the chain first."""
    if not batches:
        return []
    record = open_record(shared.settings, office.handle)
    try:
        record.indexer.catch_up()
        with record.reads.at_head() as reader:
            return outlooks(reader, batches)
    finally:
        record.close()


def _warned(shared: Shared, found: Sequence[Outlook]) -> list[str]:
    warnings = [str(one.warning) for one in found if one.warning is not None]
    if not shared.as_json:
        for warning in warnings:
            console.print(f"warning: {warning}", markup=False, highlight=False)
    return warnings
