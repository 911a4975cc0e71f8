"""From cells to rows of redemptions.csv."""

from node_api.domain.importing import values
from node_api.domain.importing.cells import Cells, Columns
from node_api.domain.importing.parse import ref
from node_api.domain.importing.reasons import EXPECTABLE
from node_api.domain.importing.rows import HONEST, RedemptionRow, Tampering, VoucherRef
from node_api.domain.importing.wallets import device

REDEMPTIONS = Columns(
    "redemptions.csv",
    (
        "row", "code", "redeemed_at", "programme", "batch", "roll", "place", "merchant", "channel", "receipt", "items",
    ),
    (
        "deadline_seconds", "amount", "sequence", "signer", "signed_merchant", "signed_bill", "signed_chain_id",
        "terminal", "terminal_signer", "max_bill", "consent", "repeats", "signed_at", "expected", "note",
    ),
)  # fmt: skip
DEADLINE_DEFAULT = 300
PLACE_MAX = 2_047
_VOUCHER_COLUMNS = ("batch", "roll", "place")

_counter = values.whole(1, 2**53)
_place = values.whole(0, PLACE_MAX)
_amount = values.money(0, values.AMOUNT_MAX)
_sequence = values.whole(0, 2**53)
_consent = values.one_of("yes", "no")
_expected = values.one_of(*EXPECTABLE)


def redemption(cells: Cells) -> RedemptionRow | None:
    """A row of redemptions.csv; None where a cell is bad."""
    expected = cells.read("expected", _expected, None)
    row = RedemptionRow(
        row=cells.read("row", _counter),
        code=cells.read("code", _counter),
        redeemed_at=cells.read("redeemed_at", values.time),
        programme=cells.read("programme", ref),
        voucher=_voucher(cells, expected == "VouchersMissing"),
        merchant=cells.read("merchant", ref),
        channel=cells.read("channel", values.channel),
        receipt=cells.read("receipt", ref),
        items=cells.read("items", values.items),
        deadline_seconds=cells.read("deadline_seconds", values.deadline_seconds, DEADLINE_DEFAULT),
        amount=cells.read("amount", _amount, None),
        sequence=cells.read("sequence", _sequence, 0),
        terminal=cells.read("terminal", device, None),
        max_bill=cells.read("max_bill", _amount, None),
        consented=cells.read("consent", _consent, "no") == "yes",
        tampering=_tampering(cells),
        expected=expected,
    )
    cells.read("note", values.text_of_people, None)
    if expected is None and (
        not row.tampering.is_honest or row.amount is not None or row.sequence or cells.text("deadline_seconds")
    ):
        cells.note(
            "expected",
            "a row that changes amount, deadline or signature is one to be refused",
            "name the refusal, or empty the columns from deadline_seconds to signed_chain_id and terminal_signer",
        )
    return row if cells.is_sound else None


def _voucher(cells: Cells, is_missing: bool) -> VoucherRef | None:
    if not is_missing:
        return VoucherRef(cells.read("batch", ref), cells.read("roll", ref), cells.read("place", _place))
    for column in _VOUCHER_COLUMNS:
        if cells.text(column):
            cells.note(column, "a row expecting VouchersMissing holds no voucher", "empty batch, roll and place")
    return None


def _tampering(cells: Cells) -> Tampering:
    found = Tampering(
        signer=cells.read("signer", device, None),
        signed_merchant=cells.read("signed_merchant", ref, None),
        signed_bill=cells.read("signed_bill", _amount, None),
        signed_chain_id=cells.read("signed_chain_id", _counter, None),
        terminal_signer=cells.read("terminal_signer", device, None),
        repeats=cells.read("repeats", _counter, None),
        signed_at=cells.read("signed_at", values.time, None),
    )
    return HONEST if found.is_honest else found
