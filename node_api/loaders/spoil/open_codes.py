"""Ways of redeeming a code that names no merchant where the rules do not allow it; shaped like those of `breakages`."""

from node_api.domain.ids import Amount
from node_api.domain.importing.rows import BatchRow, counted_bill
from node_api.loaders.spoil.added import OPEN_BILL, OPEN_SECONDS, Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import Stock


def not_allowed(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """In a programme whose codes all name their merchant."""
    draft = _draft(stock, added, stock.sale(merchants=(added.tills,)).batch)
    return [draft.code(stock, "open code where none is allowed", "OpenCodeNotAllowed")]


def unanswered(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """No terminal says where it is redeemed."""
    draft = _draft(stock, added, added.programmes["open"].batch)
    del draft.more["terminal"]
    return [draft.code(stock, "open code without a terminal", "OpenCodeUnanswered")]


def too_far(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A second further ahead than such a code's deadline may lie, or two."""
    draft = _draft(stock, added, added.programmes["open"].batch)
    draft.more["deadline_seconds"] = OPEN_SECONDS + 1 + n % 2
    return [draft.code(stock, "open code's deadline too far ahead", "OpenDeadlineTooFar")]


def bill_too_high(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """Signed for a bill one lower, or for none."""
    draft = _draft(stock, added, added.programmes["open"].batch)
    draft.more["max_bill"] = 0 if n % 2 else int(draft.more["max_bill"]) - 1
    return [draft.code(stock, "bill above the open code's", "OpenBillTooHigh")]


def limit_passed(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A bill above what the programme allows such a code."""
    draft = _draft(stock, added, added.programmes["open"].batch)
    bill = OPEN_BILL + 1 + n % 9
    draft.items = ((draft.items[0][0], Amount(bill)),)
    draft.more["max_bill"] = bill
    return [draft.code(stock, "bill above what an open code is allowed", "OpenBillLimitPassed")]


def _draft(stock: Stock, added: Added, batch: BatchRow) -> Draft:
    """An open code for the very bill, at a merchant whose terminal answers for it."""
    draft = Draft.of(stock, stock.sale_of(batch, merchants=(added.tills,)))
    draft.more["terminal"] = added.tills.terminals[0]
    draft.more["max_bill"] = counted_bill(draft.items, batch.categories)
    draft.more["deadline_seconds"] = OPEN_SECONDS
    return draft
