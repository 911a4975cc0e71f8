"""Tables of disputes and reversals."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.cli.audit_output import Cell, Section, local_time, place
from node_api.domain.cases import Dispute, Reversal


def case_sections(disputes: Sequence[Dispute], reversals: Sequence[Reversal]) -> list[Section]:
    """Disputes, then reversals; times in UTC."""
    return [dispute_section(disputes), reversal_section(reversals)]


def dispute_section(disputes: Sequence[Dispute]) -> Section:
    """Disputes by number."""
    columns = (
        "dispute",
        "state",
        "redemption",
        "voucher",
        "merchant",
        "amount",
        "by",
        "decide by",
        "block",
        "transaction",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            one.id,
            one.state,
            one.number,
            str(one.voucher),
            one.merchant,
            one.amount,
            one.actor,
            local_time(one.decide_by, 0),
            *place(one.tx),
        )
        for one in disputes
    ]
    return Section("Disputes", columns, rows)


def reversal_section(reversals: Sequence[Reversal]) -> Section:
    """Reversals by number of the redemption."""
    columns = ("redemption", "voucher", "merchant", "amount", "by", "voucher now", "block", "transaction")
    rows: list[tuple[Cell, ...]] = [
        (
            one.number,
            str(one.voucher),
            one.merchant,
            one.amount,
            one.actor,
            "live" if one.live else "expired",
            *place(one.tx),
        )
        for one in reversals
    ]
    return Section("Reversals", columns, rows)
