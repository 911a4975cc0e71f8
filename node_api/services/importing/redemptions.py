"""Checks of redemptions.csv, row by row as it streams by."""

from collections.abc import Iterator

from node_api.domain.importing.cells import Cells
from node_api.domain.importing.parse_redemption import redemption
from node_api.domain.importing.rows import RedemptionRow, VoucherRef
from node_api.domain.items import MAX_VOUCHERS
from node_api.services.importing.register import Known
from node_api.services.importing.table import Table

# columns that are the same in all rows of a code; programme too, unless mixing is what the row is about
_OF_THE_CODE = (
    "redeemed_at", "merchant", "channel", "receipt", "items", "deadline_seconds", "signer", "signed_merchant",
    "signed_bill", "signed_chain_id", "terminal", "terminal_signer", "max_bill", "consent", "repeats", "signed_at",
    "expected",
)  # fmt: skip


class RedemptionCheck:
    """Holds the row before, since order and codes are matters of neighbours."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._before: RedemptionRow | None = None
        self._code: int | None = None
        self._first: Cells | None = None
        self._vouchers = 0

    def check(self, cells: Cells) -> RedemptionRow | None:
        """The row, checked; None where it is at fault, which the cells then say."""
        row = redemption(cells)
        if row is None:
            return None
        self._check_order(cells, row)
        self._check_code(cells, row)
        self._check_references(cells, row)
        self._before = row
        return row if cells.is_sound else None

    def _check_order(self, cells: Cells, row: RedemptionRow) -> None:
        before = self._before
        if before is None:
            return
        if row.row <= before.row:
            cells.note("row", "row numbers rise", f"the row before has {before.row}")
        if row.redeemed_at < before.redeemed_at:
            cells.note("redeemed_at", "rows stand in the order of their times", "sort the file by redeemed_at")
        if row.code < before.code:
            cells.note(
                "code", "codes never fall: the rows of a code stand together", f"the row before has {before.code}"
            )

    def _check_code(self, cells: Cells, row: RedemptionRow) -> None:
        if row.code != self._code or self._first is None:
            self._code, self._first, self._vouchers = row.code, cells, 1
            return
        self._vouchers += 1
        if self._vouchers == MAX_VOUCHERS + 1:  # told once a code
            cells.note(
                "code", f"a code has at most {MAX_VOUCHERS} vouchers", "put the others on a receipt of their own"
            )
        columns = _OF_THE_CODE if row.expected == "ProgrammeMixed" else (*_OF_THE_CODE, "programme")
        for column in columns:
            if cells.text(column) != self._first.text(column):
                remedy = f"line {self._first.line} has {self._first.text(column)!r:.60}"
                cells.note(column, "what is signed together agrees", remedy)

    def _check_references(self, cells: Cells, row: RedemptionRow) -> None:
        known = self._known
        known.programmes.find(cells, "programme", row.programme)
        merchant = known.merchants.find(cells, "merchant", row.merchant)
        if row.tampering.signed_merchant is not None:
            known.merchants.find(cells, "signed_merchant", row.tampering.signed_merchant)
        if row.voucher is not None:
            self._check_voucher(cells, row, row.voucher)
        if row.expected is None and merchant is not None and row.terminal not in (None, *merchant.terminals):
            cells.note("terminal", "the terminal is one of the merchant's", "add it to merchants.csv")

    def _check_voucher(self, cells: Cells, row: RedemptionRow, voucher: VoucherRef) -> None:
        batch = self._known.batches.find(cells, "batch", voucher.batch)
        roll = self._known.rolls.find(cells, "roll", voucher.roll)
        if row.expected is not None or batch is None or roll is None:
            return
        if batch.programme != row.programme:
            cells.note("batch", "the batch is of the row's programme", f"it is of {batch.programme}")
        if voucher.place >= roll.places:
            cells.note("place", f"the roll has {roll.places} places", "give a place of the roll")
        if (voucher.batch, voucher.roll) not in self._known.issued:
            cells.note("roll", "the batch is issued to the roll", "add the pair to issues.csv")


def checked_redemptions(table: Table, known: Known) -> Iterator[RedemptionRow]:
    """The sound rows of redemptions.csv, streamed; faults go where the table's faults go."""
    check = RedemptionCheck(known)
    for cells in table.rows():
        row = check.check(cells)
        table.settle(cells)
        if row is not None:
            yield row
