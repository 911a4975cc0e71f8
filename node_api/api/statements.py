"""What the API answers about a merchant's money."""

from datetime import UTC, datetime

from node_api.api.answers import BlockOut
from node_api.api.fields import Out
from node_api.domain.ids import Amount, programme_of_line
from node_api.domain.models import Merchant
from node_api.domain.trail import MerchantDay, Payment

_SECONDS_OF_A_DAY = 86_400


class DayOut(Out):
    """What a merchant redeemed on a local day under a budget line, and what of it was paid."""

    day: int
    date: str
    programme: int
    line: str
    redeemed: int
    count: int
    settled: int
    settled_count: int
    disputed: int
    disputed_count: int


class PaymentOut(Out):
    """A merchant's day that was paid out."""

    run: int
    day: int
    line: str
    amount: int
    account: str
    transaction: str
    block: BlockOut


class StatementOut(Out):
    """A merchant's statement. Days are the programmes' local ones.

    `redeemed` is what was not taken back, `open` redeemed and not yet paid, `disputed` the part of it that is locked, `reversed`
    what was taken back.
    """

    merchant: int
    ref: str
    status: str
    redeemed: int
    count: int
    settled: int
    open: int
    disputed: int
    reversed: int
    reversed_count: int
    days: list[DayOut]
    payments: list[PaymentOut]
    block: BlockOut


def statement_out(
    merchant: Merchant,
    days: list[MerchantDay],
    payments: list[Payment],
    taken_back: tuple[Amount, int],
    block: BlockOut,
) -> StatementOut:
    """A statement's schema."""
    redeemed, settled = sum(day.redeemed for day in days), sum(day.settled for day in days)
    return StatementOut(
        merchant=merchant.id,
        ref=merchant.ref,
        status=merchant.status.name,
        redeemed=redeemed,
        count=sum(day.count for day in days),
        settled=settled,
        open=redeemed - settled,
        disputed=sum(day.disputed for day in days),
        reversed=taken_back[0],
        reversed_count=taken_back[1],
        days=[_day_out(day) for day in days],
        payments=[_payment_out(payment) for payment in payments],
        block=block,
    )


def _day_out(day: MerchantDay) -> DayOut:
    return DayOut(
        day=day.day,
        date=datetime.fromtimestamp(day.day * _SECONDS_OF_A_DAY, UTC).date().isoformat(),
        programme=programme_of_line(day.line),
        line=str(day.line),
        redeemed=day.redeemed,
        count=day.count,
        settled=day.settled,
        settled_count=day.settled_count,
        disputed=day.disputed,
        disputed_count=day.disputed_count,
    )


def _payment_out(payment: Payment) -> PaymentOut:
    return PaymentOut(
        run=payment.run,
        day=payment.day,
        line=str(payment.line),
        amount=payment.amount,
        account=payment.account,
        transaction=payment.tx.hash,
        block=BlockOut.of(payment.tx.block),
    )
