"""Reading the record: vouchers, holders, merchants, programmes."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from node_api.api.access import Caller, require_merchant
from node_api.api.answers import BlockOut
from node_api.api.documented import KEEPING, READING, problems
from node_api.api.fields import AddressText, MerchantNumber, NoNul, VoucherText, as_address
from node_api.api.node import TheNode
from node_api.api.record import (
    HolderOut,
    ProgrammeFields,
    ProgrammeOut,
    ProgrammesOut,
    RedemptionsOut,
    VoucherFields,
    VoucherOut,
    line_out,
    programme_fields,
    redemptions_out,
    rules_out,
    voucher_fields,
)
from node_api.api.statements import StatementOut, statement_out
from node_api.domain import errors
from node_api.domain.access import ApiKey
from node_api.domain.ids import VOUCHER_BITS, Day, MerchantId, UnixSeconds, VoucherId
from node_api.domain.models import VoucherFacts
from node_api.services.auditing import find_programme

router = APIRouter(prefix="/v1", tags=["record"])

Limit = Annotated[int, Query(ge=1, le=1_000)]
After = Annotated[VoucherText | None, Query(description="the `next` of the page before")]
DayNumber = Annotated[int, Query(ge=0, lt=1 << 24, description="days since 1970-01-01, the programme's local ones")]
ProgrammeName = Annotated[str, NoNul, Path(min_length=1, max_length=64, description="number or text reference")]


@router.get("/vouchers/{voucher}", responses=problems(*READING, errors.VoucherNotFound))
def read_voucher(node: TheNode, caller: Caller, voucher: Annotated[VoucherText, Path()]) -> VoucherOut:
    """One voucher: its terms, its holder, its state, and where it was spent."""
    number = VoucherId(int(voucher))
    with node.fresh.open() as (reader, now):
        facts = reader.voucher(number) if number >> VOUCHER_BITS == 0 else None
        if facts is None or not facts.issued:
            raise errors.VoucherNotFound(f"voucher {voucher}")
        return VoucherOut.model_validate({**voucher_fields(facts, caller, now), "block": BlockOut.of(reader.block)})


@router.get("/holders/{address}/vouchers", responses=problems(*READING))
def read_holder(
    node: TheNode, caller: Caller, address: Annotated[AddressText, Path()], after: After = None, limit: Limit = 100
) -> HolderOut:
    """A holder's vouchers by ascending number; none for an address that holds none."""
    with node.fresh.open() as (reader, now):
        start = _start(after)
        found = reader.vouchers_of(as_address(address), limit=limit, after=start)
        return holder_out(address, found, limit, caller, now, BlockOut.of(reader.block))


@router.get(
    "/wallet/vouchers", tags=["redeeming"], responses=problems(*KEEPING, errors.WalletMissing, errors.ProgrammeUnknown)
)
def read_wallet(
    node: TheNode,
    caller: Caller,
    programme: Annotated[str, NoNul, Query(min_length=1, max_length=64, description="text reference")],
    person: Annotated[str, NoNul, Query(min_length=1, max_length=128)],
    after: After = None,
    limit: Limit = 100,
) -> HolderOut:
    """A custodial person's address and vouchers in a programme."""
    start = _start(after)
    holder, found, block, now = node.writing.codes.vouchers(programme, person, limit=limit, after=start)
    return holder_out(holder, found, limit, caller, now, BlockOut.of(block))


@router.get(
    "/merchants/{merchant}/statement",
    responses=problems(*READING, errors.MerchantUnknown, errors.MerchantNotYours),
)
def read_statement(
    node: TheNode,
    caller: Caller,
    merchant: Annotated[MerchantNumber, Path()],
    from_day: DayNumber | None = None,
    until_day: DayNumber | None = None,
) -> StatementOut:
    """A merchant's days and their payments: redeemed, paid, open. `from_day` inclusive, `until_day` exclusive."""
    number = MerchantId(merchant)
    require_merchant(caller, number)
    with node.fresh.open() as (reader, _):
        found = reader.merchant(number)
        if found is None:
            raise errors.MerchantUnknown(f"merchant {merchant}")
        begin = None if from_day is None else Day(from_day)
        end = None if until_day is None else Day(until_day)
        days = reader.merchant_days(number, from_day=begin, until_day=end)
        taken_back = reader.reversed_sum(number, from_day=begin, until_day=end)
        paid = reader.payments(number, from_day=begin, until_day=end)
        return statement_out(found, days, paid, taken_back, BlockOut.of(reader.block))


@router.get(
    "/merchants/{merchant}/redemptions",
    responses=problems(*READING, errors.MerchantUnknown, errors.MerchantNotYours),
)
def read_redemptions(
    node: TheNode,
    caller: Caller,
    merchant: Annotated[MerchantNumber, Path()],
    day: DayNumber | None = None,
    after: Annotated[int, Query(ge=0, lt=1 << 63, description="the `next` of the page before")] = 0,
    limit: Limit = 100,
) -> RedemptionsOut:
    """A merchant's redemptions one by one, of one day or of all."""
    number = MerchantId(merchant)
    require_merchant(caller, number)
    with node.fresh.open() as (reader, _):
        if reader.merchant(number) is None:
            raise errors.MerchantUnknown(f"merchant {merchant}")
        found = reader.redemptions(merchant=number, day=None if day is None else Day(day), limit=limit, after=after)
        return redemptions_out(found, limit, BlockOut.of(reader.block))


@router.get("/programmes", responses=problems(*READING))
def read_programmes(node: TheNode, _: Caller) -> ProgrammesOut:
    """All programmes with their sums."""
    with node.fresh.open() as (reader, _now):
        found = [
            ProgrammeFields.model_validate(programme_fields(programme, reader.totals(programme.id)))
            for programme in reader.programmes()
        ]
        return ProgrammesOut(programmes=found, block=BlockOut.of(reader.block))


@router.get("/programmes/{programme}", responses=problems(*READING, errors.ProgrammeUnknown))
def read_programme(node: TheNode, _: Caller, programme: ProgrammeName) -> ProgrammeOut:
    """One programme with its budget lines, their money, and its rules."""
    with node.fresh.open() as (reader, _now):
        found = find_programme(reader, programme)
        rules = reader.rules(found.id, found.rules_version)
        return ProgrammeOut.model_validate(
            {
                **programme_fields(found, reader.totals(found.id)),
                "rules": None if rules is None else rules_out(rules),
                "lines": [line_out(line) for line in reader.lines(found.id)],
                "block": BlockOut.of(reader.block),
            }
        )


def holder_out(
    holder: str, found: list[VoucherFacts], limit: int, caller: ApiKey, now: UnixSeconds, block: BlockOut
) -> HolderOut:
    """A page of a holder's vouchers."""
    return HolderOut(
        holder=holder,
        vouchers=[VoucherFields.model_validate(voucher_fields(facts, caller, now)) for facts in found],
        next=str(found[-1].voucher) if len(found) == limit else None,
        block=block,
    )


def _start(after: str | None) -> VoucherId | None:
    """Where a page begins: behind `after`. No voucher's number is above 59 bits, and the database's integers end at 63."""
    return None if after is None else VoucherId(min(int(after), (1 << VOUCHER_BITS) - 1))
