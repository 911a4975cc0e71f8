"""Rows of acts.csv: what staff and parties do at stated times, between the redemptions."""

from dataclasses import dataclass
from enum import StrEnum

from node_api.domain.ids import Amount, UnixSeconds
from node_api.domain.importing import values
from node_api.domain.importing.cells import Cells, Columns
from node_api.domain.importing.faults import BadValue
from node_api.domain.importing.parse import LIMIT_TERMS, ref
from node_api.domain.importing.reasons import EXPECTABLE, OF_BOOKINGS
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet, device

ACTS = Columns(
    "acts.csv",
    ("act", "at", "kind"),
    (
        "programme", "batch", "roll", "place", "merchant", "code", "until", "by", "bill", "terms", "decision", "reason",
        "expected", "to",
    ),
)  # fmt: skip
REASON_DEFAULT = "as the import files say"


class ActKind(StrEnum):
    """What is done."""

    APPOINT = "appoint"
    FREEZE = "freeze"
    LIFT = "lift"
    CONFIRM = "confirm"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    REVERSE = "reverse"
    DISPUTE = "dispute"
    DECIDE = "decide"
    BOOK = "book"
    CAPTURE = "capture"
    RELEASE = "release"
    TRANSFER = "transfer"
    PROPOSE_RULES = "propose-rules"
    ACTIVATE_RULES = "activate-rules"
    SETTLE = "settle"
    SWEEP = "sweep"
    CLOSE = "close"


# What else a row of a kind fills in; `subject` stands for one of a voucher, a roll, a batch, a holder and a merchant.
_PROGRAMME = frozenset({"programme"})
_VOUCHER = frozenset({"batch", "roll", "place"})
_NEEDS = {
    ActKind.APPOINT: frozenset({"by"}),
    ActKind.FREEZE: frozenset({"subject", "until"}),
    ActKind.LIFT: frozenset({"subject"}),
    ActKind.CONFIRM: frozenset({"subject", "by"}),
    ActKind.EXTEND: frozenset({"batch", "until"}),
    ActKind.PAUSE: frozenset({"programme", "until"}),
    ActKind.RESUME: _PROGRAMME,
    ActKind.REVERSE: frozenset({"code", "by"}),
    ActKind.DISPUTE: frozenset({"code"}),
    ActKind.DECIDE: frozenset({"code", "decision"}),
    ActKind.BOOK: _VOUCHER | {"merchant", "until", "by"},
    ActKind.CAPTURE: _VOUCHER | {"by", "bill"},
    ActKind.RELEASE: _VOUCHER | {"by"},
    ActKind.TRANSFER: _VOUCHER | {"to"},
    ActKind.PROPOSE_RULES: frozenset({"programme", "terms"}),
    ActKind.ACTIVATE_RULES: _PROGRAMME,
    ActKind.SETTLE: _PROGRAMME,
    ActKind.SWEEP: _PROGRAMME,
    ActKind.CLOSE: _PROGRAMME,
}
_SUBJECT = ("batch", "roll", "place", "merchant")
_SUBJECTS = ({"batch", "roll", "place"}, {"roll"}, {"batch"}, {"roll", "place"}, {"merchant"})
_DETAILS = ("programme", "code", "until", "by", "bill", "terms", "decision", "to")

WIDEN_CHANNEL = "widen_channel"
_TERMS = {**LIMIT_TERMS, WIDEN_CHANNEL: values.channel}

_counter = values.whole(1, 2**53)
_bill = values.money(0, values.AMOUNT_MAX)
_place = values.whole(0, 2_047)
_expected = values.one_of(*EXPECTABLE, *OF_BOOKINGS)
_decision = values.one_of("stands", "reversed")


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act. What its kind does not need is None.

    Attributes:
        number: names it in reports; rising.
        programme: whose rules, money or clock it is about.
        batch: with `roll` and `place` a voucher, alone a batch; `roll` and `place` a holder, `roll` alone a roll.
        code: of redemptions.csv, which it reverses, disputes or decides.
        until: exclusive.
        by: a device that acts: the terminal or key of a merchant, or an auditor beside the node's own.
        bill: what was served, in the voucher's categories.
        terms: what a new version of rules changes, by the names of programmes.csv; `widen_channel` opens one for good.
        stands: how a dispute is decided.
        expected: why a booking is to be refused; None: it is to be made.
        to: a device that a voucher is passed on to.
    """

    number: int
    at: UnixSeconds
    kind: ActKind
    programme: Ref | None
    batch: Ref | None
    roll: Ref | None
    place: int | None
    merchant: Ref | None
    code: int | None
    until: UnixSeconds | None
    by: Wallet | None
    bill: Amount | None
    terms: tuple[tuple[str, int], ...]
    stands: bool
    reason: str
    expected: str | None
    to: Wallet | None


def act(cells: Cells) -> ActRow | None:
    """A row of acts.csv; None where a cell is bad."""
    row = ActRow(
        number=cells.read("act", _counter),
        at=cells.read("at", values.time),
        kind=cells.read("kind", _kind),
        programme=cells.read("programme", ref, None),
        batch=cells.read("batch", ref, None),
        roll=cells.read("roll", ref, None),
        place=cells.read("place", _place, None),
        merchant=cells.read("merchant", ref, None),
        code=cells.read("code", _counter, None),
        until=cells.read("until", values.time, None),
        by=cells.read("by", device, None),
        bill=cells.read("bill", _bill, None),
        terms=cells.read("terms", _terms, ()),
        stands=cells.read("decision", _decision, "stands") == "stands",
        reason=cells.read("reason", values.text_of_people, REASON_DEFAULT),
        expected=cells.read("expected", _expected, None),
        to=cells.read("to", device, None),
    )
    if cells.is_sound:
        _check_shape(cells, row.kind)
    return row if cells.is_sound else None


def _check_shape(cells: Cells, kind: ActKind) -> None:
    """What the kind needs is there, and nothing else."""
    needs = _NEEDS[kind]
    for column in _DETAILS:
        if (column in needs) != bool(cells.text(column)):
            told = f"{kind} needs {', '.join(sorted(needs))}"
            cells.note(column, told, "fill it in" if column in needs else "leave it empty")
    if cells.text("expected") and kind is not ActKind.BOOK:
        cells.note("expected", "only a booking is expected to be refused", "leave it empty")
    given = {column for column in _SUBJECT if cells.text(column)}
    if "subject" in needs and given not in _SUBJECTS:
        told = "a subject is a voucher (batch, roll, place), roll, batch, holder (roll, place) or merchant"
        cells.note("kind", told, "fill in just these columns")
    if "subject" not in needs and given != needs & set(_SUBJECT):
        cells.note("kind", f"{kind} needs {', '.join(sorted(needs))}", "fill in just these columns")


def _kind(text: str) -> ActKind:
    return ActKind(values.one_of(*ActKind)(text))


def _terms(text: str) -> tuple[tuple[str, int], ...]:
    """Terms of rules joined by `;`, each `name=value`."""
    found = []
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name not in _TERMS:
            raise BadValue(f"a term is one of {', '.join(_TERMS)}", "write name=value;name=value")
        found.append((name, _TERMS[name](value)))
    return tuple(found)
