"""From cells to rows, one function for each file of what is loaded.

A row with a bad cell gives None; its faults stay in the cells.
"""

from collections.abc import Callable, Mapping

from node_api.domain.ids import Amount
from node_api.domain.importing import values
from node_api.domain.importing.cells import Cells, Columns
from node_api.domain.importing.rows import (
    BatchRow,
    BudgetLineRow,
    CategoryRow,
    IssueRow,
    Limits,
    MerchantRow,
    ProgrammeRow,
    Ref,
)
from node_api.domain.importing.wallets import Wallet, address, devices
from node_api.domain.models import VoucherKind
from node_api.domain.open_codes import MAX_OPEN_SECONDS
from node_api.domain.publication import PublishedText

YEAR = 31_536_000
LINES_MAX = 65_535

PROGRAMMES = Columns(
    "programmes.csv",
    (
        "programme", "name", "token", "utc_offset_minutes", "starts_at", "ends_at", "region", "categories", "channels",
        "max_deadline_seconds", "reversal_window_seconds", "dispute_window_seconds",
    ),
    (
        "approvals", "document", "state", "step_up_threshold", "merchant_daily_limit", "redemption_amount",
        "redemption_count", "day_amount", "day_count", "month_amount", "month_count", "first_only",
        "transferable", "transfer_amount", "transfer_month_amount", "open_seconds", "open_max_bill",
        "notice_seconds", "how_to_use", "how_to_use_uri", "conditions", "conditions_uri",
    ),
)  # fmt: skip
BUDGET_LINES = Columns(
    "budget_lines.csv", ("programme", "line", "funder", "funding_region", "beneficiary_group", "purpose", "amount")
)
MERCHANTS = Columns(
    "merchants.csv",
    ("merchant", "name", "categories", "region", "channels"),
    ("status", "payout", "terminals", "terminal_limit"),
)
BATCHES = Columns(
    "batches.csv",
    (
        "batch", "programme", "line", "kind", "face_value", "minimum_spend", "categories", "region", "channels",
        "valid_from", "valid_until", "claim_days", "quota",
    ),
    ("percentage",),
)  # fmt: skip
HOLDERS = Columns("holders.csv", ("roll", "programme", "place", "holder"), ("again",))
ISSUES = Columns("issues.csv", ("batch", "roll"))
CATEGORIES = Columns("categories.csv", ("category", "name"))

_offset = values.whole(-720, 840, "minutes")
_deadline = values.whole(1, YEAR, "seconds")
_window = values.whole(0, YEAR, "seconds")
_approvals = values.whole(1, 8)
_notice = values.whole(0, values.NOTICE_MAX, "seconds")
_line_number = values.whole(1, LINES_MAX)
_line_amount = values.money(1, values.LINE_AMOUNT_MAX)
_face = values.money(1, values.FACE_MAX)
_minimum = values.money(0, values.FACE_MAX)
_claim_days = values.whole(0, 65_535, "days")
_percentage = values.whole(1, 10_000, "basis points")
_quota = values.whole(1, values.QUOTA_MAX)
_state = values.one_of("active", "published")
_yes_or_no = values.one_of("yes", "no")
_threshold = values.money(0, values.AMOUNT_MAX)
_limit = values.money(0, values.LINE_AMOUNT_MAX)
_cap = values.money(1, values.LINE_AMOUNT_MAX)
_count = values.whole(0, 65_535, "vouchers")
LIMIT_TERMS: Mapping[str, Callable[[str], int]] = {
    "step_up_threshold": _threshold,
    "merchant_daily_limit": _threshold,
    "redemption_amount": _limit,
    "redemption_count": _count,
    "day_amount": _limit,
    "day_count": _count,
    "month_amount": _limit,
    "month_count": _count,
}
"""Limits of a programme's rules with their parsers; 0 is no limit."""
TRANSFER_CAPS = ("transfer_amount", "transfer_month_amount")
_OPEN_TERMS: Mapping[str, Callable[[str], int]] = {
    "open_seconds": values.whole(0, MAX_OPEN_SECONDS, "seconds"),
    "open_max_bill": values.money(0, 2**40 - 1),
}
_status = values.one_of("active", "suspended")


def ref(text: str) -> Ref:
    """A reference as the rows carry it."""
    return Ref(values.reference(text))


def payee(text: str) -> Wallet:
    """A reference or an address: somebody the node pays or is paid by."""
    return address(text) if text.startswith("0x") else Wallet(values.reference(text))


def programme(cells: Cells) -> ProgrammeRow | None:
    """A row of programmes.csv."""
    row = ProgrammeRow(
        ref=cells.read("programme", ref),
        name=cells.read("name", values.text_of_people),
        token=cells.read("token", values.token),
        utc_offset_minutes=cells.read("utc_offset_minutes", _offset),
        starts_at=cells.read("starts_at", values.time),
        ends_at=cells.read("ends_at", values.time),
        region=cells.read("region", values.region_or_everywhere),
        categories=cells.read("categories", values.categories),
        channels=cells.read("channels", values.channels),
        max_deadline=cells.read("max_deadline_seconds", _deadline),
        reversal_window=cells.read("reversal_window_seconds", _window),
        dispute_window=cells.read("dispute_window_seconds", _window),
        approvals=cells.read("approvals", _approvals, 1),
        document=cells.read("document", values.document, None),
        active=cells.read("state", _state, "active") == "active",
        limits=_limits(cells),
        notice=cells.read("notice_seconds", _notice, 0),
        how_to_use=_published_text(cells, "how_to_use"),
        conditions=_published_text(cells, "conditions"),
    )
    if cells.is_sound and row.starts_at >= row.ends_at:
        cells.note(
            "ends_at", "ends_at must be later than starts_at", "the end is the first second that no longer counts"
        )
    return row if cells.is_sound else None


def _limits(cells: Cells) -> Limits:
    numbers = {name: cells.read(name, parse, 0) for name, parse in LIMIT_TERMS.items()}
    transferable = cells.read("transferable", _yes_or_no, "no") == "yes"
    caps = {name: cells.read(name, _cap, 0) for name in TRANSFER_CAPS}
    if cells.is_sound:
        _check_caps(cells, transferable, *caps.values())
    first_only = cells.read("first_only", _yes_or_no, "no") == "yes"
    opened = {name: cells.read(name, parse, 0) for name, parse in _OPEN_TERMS.items()}
    if cells.is_sound and len({bool(one) for one in opened.values()}) > 1:
        cells.note("open_max_bill", "open codes have seconds and a highest bill", "give both columns, or neither")
    return Limits(**numbers, first_only=first_only, transferable=transferable, **caps, **opened)


def _check_caps(cells: Cells, transferable: bool, at_once: int, a_month: int) -> None:
    """Without caps nothing could be passed on, and without `transferable` they would cap nothing."""
    for name, cap in zip(TRANSFER_CAPS, (at_once, a_month), strict=True):
        if transferable and not cap:
            cells.note(name, "must not be empty where transferable is yes", "give the most that a holder may pass on")
        elif cap and not transferable:
            cells.note(name, "must be empty unless transferable is yes", "set transferable to yes, or empty it")
    if cells.is_sound and a_month < at_once:
        rule = "transfer_month_amount must not be less than transfer_amount"
        cells.note("transfer_month_amount", rule, "raise it, or lower transfer_amount")


def _published_text(cells: Cells, name: str) -> PublishedText | None:
    """A text's hash and, where it is given, its address."""
    digest = cells.read(name, values.document, None)
    uri = cells.read(f"{name}_uri", values.uri, "")
    if uri and digest is None:
        cells.note(name, "a text that has an address has its hash", "give the hash of the text that stands there")
    return None if digest is None else PublishedText(digest, uri)


def budget_line(cells: Cells) -> BudgetLineRow | None:
    """A row of budget_lines.csv."""
    row = BudgetLineRow(
        programme=cells.read("programme", ref),
        number=cells.read("line", _line_number),
        funder=cells.read("funder", payee),
        funding_region=cells.read("funding_region", values.region_or_everywhere),
        beneficiary_group=cells.read("beneficiary_group", values.text_of_people),
        purpose=cells.read("purpose", values.text_of_people),
        amount=cells.read("amount", _line_amount),
    )
    return row if cells.is_sound else None


def merchant(cells: Cells) -> MerchantRow | None:
    """A row of merchants.csv."""
    own = cells.read("merchant", ref)
    row = MerchantRow(
        ref=own,
        name=cells.read("name", values.text_of_people),
        categories=cells.read("categories", values.categories),
        region=cells.read("region", values.region),
        channels=cells.read("channels", values.channels),
        suspended=cells.read("status", _status, "active") == "suspended",
        payout=cells.read("payout", payee, Wallet(own)),
        terminals=cells.read("terminals", devices, ()),
        terminal_limit=cells.read("terminal_limit", _threshold, Amount(0)),
    )
    return row if cells.is_sound else None


def batch(cells: Cells) -> BatchRow | None:
    """A row of batches.csv."""
    kind = cells.read("kind", values.kind)
    row = BatchRow(
        ref=cells.read("batch", ref),
        programme=cells.read("programme", ref),
        line=cells.read("line", _line_number),
        face_value=cells.read("face_value", _face),
        minimum_spend=cells.read("minimum_spend", _minimum),
        categories=cells.read("categories", values.categories),
        region=cells.read("region", values.region_or_everywhere),
        channels=cells.read("channels", values.channels),
        valid_from=cells.read("valid_from", values.time),
        valid_until=cells.read("valid_until", values.time),
        claim_days=cells.read("claim_days", _claim_days),
        quota=cells.read("quota", _quota),
        kind=kind,
        percentage=cells.read("percentage", _percentage, 0),
    )
    if cells.is_sound and (row.percentage == 0) is (kind is VoucherKind.PERCENTAGE):
        cells.note(
            "percentage", "basis points are given for the kind percentage, and for it alone", "10 % is written 1000"
        )
    if cells.is_sound and row.valid_from >= row.valid_until:
        cells.note(
            "valid_until",
            "valid_until must be later than valid_from",
            "the end is the first second that no longer counts",
        )
    return row if cells.is_sound else None


def issue(cells: Cells) -> IssueRow | None:
    """A row of issues.csv."""
    row = IssueRow(batch=cells.read("batch", ref), roll=cells.read("roll", ref))
    return row if cells.is_sound else None


def category(cells: Cells) -> CategoryRow | None:
    """A row of categories.csv."""
    row = CategoryRow(category=cells.read("category", values.category), name=cells.read("name", values.text_of_people))
    return row if cells.is_sound else None
