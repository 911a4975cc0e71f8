"""What a load would set again though it was changed on chain since.

A folder sets a merchant's suspension, its terminals and their limits once. What is decided on chain afterwards stands: a terminal
that was lost or stolen must not come back because a load is run again.
"""

from __future__ import annotations

from collections.abc import Iterator

from node_api.domain.importing.rows import MerchantRow
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import MerchantStatus
from node_api.services.loading.differences import Difference
from node_api.services.loading.seen import Seen
from node_api.services.loading.work import Work
from node_api.services.ports.treasury import MerchantPast, TreasuryBook
from node_api.services.ports.wallets import ImportWallets

_COMMAND = "`vouchertrail merchants"


def undone(work: Work, seen: Seen, book: TreasuryBook, wallets: ImportWallets) -> list[Difference]:
    """The part of the work that would undo what was decided on chain. The past is asked for only where there is such work."""
    if not (work.suspensions or work.terminals or work.terminal_limits):
        return []
    past = book.merchant_past()
    return [
        *_reinstated(work, seen, past),
        *_removed(work, seen, past, wallets),
        *_limited(work, seen, past, book, wallets),
    ]


def _reinstated(work: Work, seen: Seen, past: MerchantPast) -> Iterator[Difference]:
    for row in work.suspensions:
        if row.ref in seen.merchants and seen.merchants[row.ref].id in past.reinstated:
            remedy = f"write active into merchants.csv, or suspend it with {_COMMAND} suspend {row.ref}`"
            yield Difference("merchant", row.ref, "status", "reinstated", "suspended", remedy)


def _removed(work: Work, seen: Seen, past: MerchantPast, wallets: ImportWallets) -> Iterator[Difference]:
    for row, wallet in work.terminals:
        account = wallets.account(wallet)
        if row.ref in seen.merchants and seen.merchants[row.ref].status == MerchantStatus.REMOVED:
            remedy = "its merchant was removed for good: take it out of merchants.csv"
        elif account.lower() in past.removed:
            add = f"{_COMMAND} terminal-add {row.ref} {account}`"
            remedy = f"take it out of merchants.csv, or, where it is to be there again, add it with {add}"
        else:
            continue
        yield _terminal(row, wallet, "status", "removed", "added", remedy)


def _limited(
    work: Work, seen: Seen, past: MerchantPast, book: TreasuryBook, wallets: ImportWallets
) -> Iterator[Difference]:
    """Limits of terminals that are there. They are read once more: a load that was cut off may have set them since."""
    set_before = [
        (row, wallet, account)
        for row, wallet in work.terminal_limits
        if wallet in seen.terminals and (account := wallets.account(wallet)).lower() in past.limited
    ]
    limits = book.terminal_limits([account for _, _, account in set_before])
    for (row, wallet, account), limit in zip(set_before, limits, strict=True):
        if limit != row.terminal_limit:
            remedy = (
                "write the chain's limit into merchants.csv, or take the terminal out where the merchant's others have another, "
                f"or set it with {_COMMAND} terminal-limit {row.ref} {account} {row.terminal_limit}`"
            )
            yield _terminal(row, wallet, "terminal_limit", str(limit), str(row.terminal_limit), remedy)


def _terminal(row: MerchantRow, wallet: Wallet, field: str, there: str, here: str, remedy: str) -> Difference:
    return Difference("terminal", f"{row.ref}/{wallet}", field, there, here, remedy)
