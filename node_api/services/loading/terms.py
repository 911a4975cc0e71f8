"""From rows of the import files to the terms that stand on chain. Addresses are lower-cased, so that terms compare."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256

from node_api.domain.ids import Address, Hash, ProgrammeId
from node_api.domain.importing.rows import BatchRow, BudgetLineRow, MerchantRow, ProgrammeRow
from node_api.services.ports.treasury import (
    NO_DOCUMENT,
    BatchTerms,
    LineTerms,
    MerchantTerms,
    ProgrammeTerms,
    PublicationTerms,
    RulesTerms,
)


def programme_terms(row: ProgrammeRow, token: Address) -> ProgrammeTerms:
    """The programme's terms, paid in `token`."""
    return ProgrammeTerms(
        name=row.name,
        token=lower(token),
        utc_offset_minutes=row.utc_offset_minutes,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        categories=row.categories,
        region=row.region,
        channels=row.channels,
        approvals_needed=row.approvals,
        document=row.document or NO_DOCUMENT,
    )


def publication_terms(row: ProgrammeRow) -> PublicationTerms:
    """What the programme is published with."""
    return PublicationTerms(row.notice, row.how_to_use, row.conditions)


def rules_terms(row: ProgrammeRow) -> RulesTerms:
    """The first version of the programme's rules."""
    return RulesTerms(row.max_deadline, row.reversal_window, row.dispute_window, **asdict(row.limits))


def line_terms(row: BudgetLineRow, funder: Address) -> LineTerms:
    """The budget line's terms."""
    return LineTerms(lower(funder), row.funding_region, row.beneficiary_group, row.purpose, row.amount)


def merchant_terms(row: MerchantRow, payout: Address) -> MerchantTerms:
    """The merchant's terms."""
    return MerchantTerms(row.categories, row.region, row.channels, lower(payout))


def batch_terms(row: BatchRow, programme: ProgrammeId) -> BatchTerms:
    """The batch's terms."""
    return BatchTerms(
        programme=programme,
        line=row.line,
        face=row.face_value,
        minimum_spend=row.minimum_spend,
        categories=row.categories,
        region=row.region,
        channels=row.channels,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        claim_days=row.claim_days,
        quota=row.quota,
        kind=row.kind,
        percentage=row.percentage,
    )


def slip_of(row: BudgetLineRow) -> Hash:
    """The hash that stands for the bank slip of a line's deposit: one deposit a line, however often the folder is loaded."""
    return Hash("0x" + sha256(f"vouchertrail deposit {row.programme} {row.number}".encode()).hexdigest())


def lower(address: Address) -> Address:
    """The address in lower case."""
    return Address(address.lower())
