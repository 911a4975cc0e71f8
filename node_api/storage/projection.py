"""Events to rows: which table a fact goes into, and what is read along with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from operator import attrgetter

from sqlalchemy import Connection, Table, select

from node_api.domain import booking_events as bookings
from node_api.domain import case_events as cases
from node_api.domain import claim_events as claims
from node_api.domain import events as ev
from node_api.domain import life_events as life
from node_api.domain import merchant_events as merchants
from node_api.domain import money_events as money
from node_api.domain import rule_events
from node_api.domain import transfer_events as transfers
from node_api.domain.booking_events import BookingEvent
from node_api.domain.case_events import CaseEvent
from node_api.domain.ids import VOUCHER_BITS
from node_api.domain.standing_events import EmergencyStep, FreezeStep, VoucherRevoked
from node_api.storage import tables as t
from node_api.storage.booking_rows import complete_booking
from node_api.storage.case_rows import book, complete
from node_api.storage.claim_rows import claimed_places
from node_api.storage.rows import PlaceRow, RedemptionRow, Row, Rows, Value

_DAY = 86_400
_BATCH_SHIFT = 35
_MERCHANT_BITS = 32
_row = partial(tuple.__new__, RedemptionRow)  # in half the time of its own way

# event → table; the columns of the table are the fields of the event
_TABLES: dict[type, Table] = {
    ev.ProgrammeDrafted: t.programmes,
    ev.RulesWritten: t.rules,
    rule_events.RulesStep: t.rules_steps,
    rule_events.WideningProposed: t.rules_widenings,
    ev.BudgetLineAdded: t.budget_lines,
    ev.ProgrammeStep: t.programme_steps,
    life.PublicationSet: t.publications,
    life.ProgrammeAnnounced: t.announcements,
    life.PolicyWritten: t.policies,
    life.PolicyStep: t.policy_steps,
    life.ExceptionStep: t.exception_steps,
    ev.BudgetSet: t.budgets,
    money.TokenStep: t.token_steps,
    ev.Deposited: t.deposits,
    ev.SettlementPrepared: t.settlement_runs,
    ev.SettlementReleased: t.settlement_releases,
    money.SettlementEntered: t.settlement_entries,
    money.PayoutSkipped: t.skipped_payouts,
    money.BudgetMoveProposed: t.budget_moves,
    money.BudgetMoveWithdrawn: t.withdrawn_moves,
    money.BudgetMoved: t.moved_budgets,
    money.MoneyMoved: t.moved_money,
    ev.MerchantPaid: t.payments,
    ev.RestReturned: t.rests,
    ev.MerchantApplied: t.merchants,
    ev.MerchantStep: t.merchant_steps,
    ev.MerchantAccount: t.merchant_accounts,
    merchants.MerchantTermsStep: t.merchant_terms,
    merchants.PayoutStep: t.payout_steps,
    merchants.TerminalLimited: t.terminal_limits,
    ev.CategoryNamed: t.category_names,
    ev.BatchOpened: t.batches,
    ev.RollWritten: t.rolls,
    ev.VouchersIssued: t.issues,
    ev.ConsentGiven: t.consents,
    ev.RedemptionRefused: t.chain_refusals,
    ev.RedemptionsCommitted: t.commitments,
    ev.VouchersSwept: t.sweeps,
    cases.VoucherReversed: t.reversals,
    cases.DisputeOpened: t.disputes,
    cases.DisputeDecided: t.dispute_decisions,
    claims.RootStep: t.root_steps,
    claims.RoundOpened: t.claim_rounds,
    claims.ClaimRolled: t.claim_rolls,
    claims.ClaimRefused: t.claim_refusals,
    claims.RoundClosed: t.round_closings,
    bookings.VoucherBooked: t.bookings,
    bookings.ServiceReceipted: t.services,
    bookings.BookingReleased: t.booking_releases,
    transfers.VoucherTransferred: t.transfers,
    transfers.PlaceStep: t.place_steps,
    transfers.TransferCapsSet: t.transfer_caps,
    ev.RoleStep: t.role_steps,
    ev.RelayerSynced: t.relayer_steps,
    FreezeStep: t.freeze_steps,
    VoucherRevoked: t.revocations,
    EmergencyStep: t.emergency_steps,
}


def _reader(kind: type) -> tuple[tuple[str, ...], Callable[[object], tuple[Value, ...]]]:
    names = tuple(field.name for field in fields(kind) if field.name != "holders")
    return names, attrgetter(*names)


_READERS = {kind: _reader(kind) for kind in _TABLES}


class Context:
    """What a redemption's row needs of its batch and block: budget line and local day. Remembered until forgotten."""

    def __init__(self) -> None:
        self._offsets: dict[int, int] = {}
        self._batches: dict[int, tuple[int, int]] = {}

    def forget(self) -> None:
        """After a rewind: numbers may be given anew."""
        self._offsets.clear()
        self._batches.clear()

    def load(self, connection: Connection, batches: Iterable[int]) -> None:
        """Makes sure that the stored ones of these batches are known."""
        missing = sorted({batch for batch in batches if batch not in self._batches})
        for at in range(0, len(missing), 500):
            query = select(t.batches.c.batch, t.batches.c.line, t.programmes.c.utc_offset).where(
                t.batches.c.batch.in_(missing[at : at + 500]), t.programmes.c.programme == t.batches.c.programme
            )
            for batch, line, offset in connection.execute(query):
                self._batches[batch] = (line, 60 * offset)

    def programme(self, connection: Connection, programme: int) -> int:
        """Seconds to add to a time to have the programme's local time."""
        if programme not in self._offsets:
            query = select(t.programmes.c.utc_offset).where(t.programmes.c.programme == programme)
            self._offsets[programme] = 60 * connection.execute(query).scalar_one()
        return self._offsets[programme]

    def drafted(self, event: ev.ProgrammeDrafted) -> None:
        """Remembers a programme of the page in hand."""
        self._offsets[event.programme] = 60 * event.utc_offset

    def opened(self, event: ev.BatchOpened, offset: int) -> None:
        """Remembers a batch of the page in hand."""
        self._batches[event.batch] = (event.line, offset)

    def line(self, batch: int) -> int:
        """The budget line of a known batch."""
        return self._batches[batch][0]

    def places(self) -> dict[int, tuple[int, int]]:
        """Of the known batches: budget line, and seconds to add to a time to have the programme's local time."""
        return self._batches


def rows_of(page: ev.Page, context: Context, connection: Connection) -> Rows:
    """The rows a page adds to the tables of facts. The context learns the page's programmes and batches."""
    rows = Rows()
    rows[t.blocks] = [header._asdict() for header in page.headers]
    rows[t.transactions] = [sent._asdict() for sent in page.transactions]
    times = {header.number: header.timestamp for header in page.headers}
    _learn(page, context, connection)
    batches, redeemed = context.places(), rows.redemptions.append
    for block, tx_index, log_index, event in page.events:
        if type(event) is ev.VoucherRedeemed:
            number, voucher, merchant, receipt, digest, amount, version = event
            line, offset = batches[voucher >> _BATCH_SHIFT]
            day = (times[block] + offset) // _DAY
            place = (block, tx_index, log_index)
            redeemed(_row((number, voucher, merchant, line, day, receipt, digest, amount, version, None, *place)))
        elif not _belongs_to_a_row_before(rows, event):
            _add(rows, block, tx_index, log_index, event, connection)
    return rows


def _learn(page: ev.Page, context: Context, connection: Connection) -> None:
    """The context comes to know every programme and batch that the page's rows need."""
    named: set[int] = set()
    for _, _, _, event in page.events:
        if type(event) is ev.VoucherRedeemed:
            named.add(event.voucher >> _BATCH_SHIFT)
        elif isinstance(event, ev.VouchersIssued):
            named.add(event.batch)
        elif isinstance(event, ev.ProgrammeDrafted):
            context.drafted(event)
        elif isinstance(event, ev.BatchOpened):
            context.opened(event, context.programme(connection, event.programme))
    context.load(connection, named)


def _add(rows: Rows, block: int, tx_index: int, log_index: int, event: ev.Event, connection: Connection) -> None:
    """The row of an event that is no redemption."""
    kind = type(event)
    names, values = _READERS[kind]
    row: Row = dict(zip(names, values(event), strict=True))
    row["block"], row["tx_index"], row["log_index"] = block, tx_index, log_index
    if isinstance(event, CaseEvent | BookingEvent):
        _complete(row, event, rows, connection)
    elif isinstance(event, ev.RedemptionRefused):
        _fit(row, event)
    elif isinstance(event, ev.RollWritten):
        rows.places += _places(event, block)
    rows[_TABLES[kind]].append(row)


def _complete(row: Row, event: CaseEvent | BookingEvent, rows: Rows, connection: Connection) -> None:
    """What the event does not say itself."""
    if isinstance(event, CaseEvent):
        complete(row, event, rows, connection)
    else:
        complete_booking(row, event, rows, connection)


def _belongs_to_a_row_before(rows: Rows, event: ev.Event) -> bool:
    """Some events only add to the row of another one before them in the same transaction."""
    if isinstance(event, ev.TerminalBatchAccepted):
        _answer(rows.redemptions, event)
    elif isinstance(event, cases.ReversalBooked):
        book(rows, event)
    elif isinstance(event, claims.NullifiersUsed):
        rows[t.claimed_places] += claimed_places(rows, event)
    else:
        return False
    return True


def _answer(redemptions: list[RedemptionRow], event: ev.TerminalBatchAccepted) -> None:
    """A terminal's event follows the redemptions it answers for, whose numbers run without a gap."""
    first = event.first_number - redemptions[0].number
    for at, row in enumerate(redemptions[first : first + event.count], start=first):
        redemptions[at] = row._replace(terminal=event.terminal)


def _fit(row: Row, event: ev.RedemptionRefused) -> None:
    """A refused item may name numbers that nothing could have: they are kept beside, as they were written."""
    voucher, merchant = event.voucher or 0, event.merchant
    row["odd"] = None
    if voucher >> VOUCHER_BITS or merchant >> _MERCHANT_BITS:
        row["odd"] = voucher.to_bytes(32, "big") + merchant.to_bytes(32, "big")
        row["voucher"] = None if voucher >> VOUCHER_BITS else event.voucher
        row["merchant"] = None if merchant >> _MERCHANT_BITS else merchant


def _places(event: ev.RollWritten, block: int) -> list[PlaceRow]:
    roll, holders = event.roll, event.holders
    return [PlaceRow(roll, place, holders[20 * place : 20 * place + 20], block) for place in range(event.places)]
