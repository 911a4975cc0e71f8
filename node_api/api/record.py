"""What the API answers about the record: programmes and vouchers."""

from node_api.api.answers import BlockOut
from node_api.api.fields import Out
from node_api.domain.access import ApiKey
from node_api.domain.ids import UnixSeconds
from node_api.domain.kinds import left_of
from node_api.domain.models import BudgetLine, Programme, Redemption, Rules, VoucherFacts, VoucherKind
from node_api.domain.regions import unpack_region
from node_api.domain.standing import state_of, valid_until
from node_api.domain.trail import Totals


class RedemptionOut(Out):
    """Where a voucher was spent."""

    number: int
    merchant: int
    amount: int
    receipt: str
    digest: str
    terminal: str | None
    rules_version: int
    transaction: str
    block: BlockOut


class RedemptionLineOut(RedemptionOut):
    """A redemption in a list, with its voucher."""

    voucher: str
    holder: str


class RedemptionsOut(Out):
    """Redemptions by ascending number; `next` continues the list as `after`."""

    redemptions: list[RedemptionLineOut]
    next: int | None
    block: BlockOut


class VoucherFields(Out):
    """A voucher. `state` is of the time of the next block; `redemption` is kept from merchants it did not happen at.

    `frozen_until`: it cannot be spent before then; 0: it is not frozen. `kind` is FIXED, PERCENTAGE or STORED; `amount` its face
    value, of a percentage (`percentage` basis points of the bill) the cap; `rest` what is left; `booked` what bookings hold of
    stored value beside it; `next_sequence` its next spend's.
    `roll_holder`: who stands in the roll, where the voucher was passed on or its place given to another; `custodial` is null
    then: nobody recorded who keeps the new holder's key.
    """

    id: str
    state: str
    holder: str
    roll_holder: str | None
    custodial: bool | None
    programme: int
    batch: int
    batch_ref: str
    line: str
    roll: int
    place: int
    kind: str
    amount: int
    percentage: int
    rest: int
    booked: int
    next_sequence: int
    minimum_spend: int
    categories: list[int]
    region: str
    channels: list[int]
    valid_from: int
    valid_until: int
    frozen_until: int
    redemption: RedemptionOut | None


class VoucherOut(VoucherFields):
    """A voucher as of a block."""

    block: BlockOut


class HolderOut(Out):
    """A holder's vouchers; `next` continues the list as `after`."""

    holder: str
    vouchers: list[VoucherFields]
    next: str | None
    block: BlockOut


class TotalsOut(Out):
    """Sums; amounts in the token's smallest unit."""

    batches: int
    rolls: int
    issued: int
    issued_amount: int
    redeemed: int
    redeemed_amount: int
    swept: int
    swept_amount: int
    refused: int


class ProgrammeFields(Out):
    """A programme with its sums."""

    id: int
    ref: str
    name: str
    state: str
    token: str
    rules_version: int
    utc_offset_minutes: int
    starts_at: int
    ends_at: int
    categories: list[int]
    region: str
    channels: list[int]
    totals: TotalsOut


class ProgrammesOut(Out):
    """All programmes."""

    programmes: list[ProgrammeFields]
    block: BlockOut


class LineOut(Out):
    """A budget line: deposited = available + committed + payable + settled + returned."""

    id: str
    number: int
    funder: str
    funding_region: str
    beneficiary_group: str
    purpose: str
    budget: int
    deposited: int
    available: int
    committed: int
    payable: int
    settled: int
    returned: int
    committed_count: int
    payable_count: int


class RulesOut(Out):
    """The rules in force for batches opened now; seconds."""

    version: int
    max_deadline: int
    reversal_window: int
    dispute_window: int


class ProgrammeOut(ProgrammeFields):
    """A programme with its budget lines and rules, as of a block."""

    rules: RulesOut | None
    lines: list[LineOut]
    block: BlockOut


def bits(mask: int) -> list[int]:
    """The numbers of the bits that are set."""
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def voucher_fields(facts: VoucherFacts, caller: ApiKey, now: UnixSeconds) -> dict[str, object]:
    """A voucher's fields for a caller."""
    batch, spent = facts.batch, facts.redeemed
    hidden = spent is not None and caller.merchant is not None and spent.merchant != caller.merchant
    return {
        "id": str(facts.voucher),
        "state": state_of(facts, now).name,
        "holder": facts.holder,
        "roll_holder": facts.roll_holder if facts.moved else None,
        "custodial": facts.custodial,
        "programme": batch.programme,
        "batch": batch.id,
        "batch_ref": batch.ref,
        "line": str(batch.line),
        "roll": facts.roll.id,
        "place": facts.place,
        "kind": VoucherKind(batch.kind).name,
        "amount": batch.face,
        "percentage": batch.percentage,
        "rest": left_of(batch, facts.taken, redeemed=spent is not None),
        "booked": facts.taken.booked,
        "next_sequence": facts.taken.sequence,
        "minimum_spend": batch.minimum_spend,
        "categories": bits(batch.categories),
        "region": unpack_region(batch.region),
        "channels": bits(batch.channels),
        "valid_from": batch.valid_from,
        "valid_until": valid_until(facts),
        "frozen_until": facts.frozen_until if now < facts.frozen_until else 0,
        "redemption": None if spent is None or hidden else redemption_out(spent),
    }


def redemption_out(redemption: Redemption) -> RedemptionOut:
    """A redemption's schema."""
    return RedemptionOut.model_validate(_redemption_fields(redemption))


def redemptions_out(found: list[Redemption], limit: int, block: BlockOut) -> RedemptionsOut:
    """A page of redemptions."""
    lines = [
        RedemptionLineOut.model_validate(
            {**_redemption_fields(redemption), "voucher": str(redemption.voucher), "holder": redemption.holder}
        )
        for redemption in found
    ]
    return RedemptionsOut(redemptions=lines, next=found[-1].number if len(found) == limit else None, block=block)


def _redemption_fields(redemption: Redemption) -> dict[str, object]:
    return {
        "number": redemption.number,
        "merchant": redemption.merchant,
        "amount": redemption.amount,
        "receipt": redemption.receipt,
        "digest": redemption.digest,
        "terminal": redemption.terminal,
        "rules_version": redemption.rules_version,
        "transaction": redemption.tx.hash,
        "block": BlockOut.of(redemption.tx.block),
    }


def programme_fields(programme: Programme, totals: Totals) -> dict[str, object]:
    """A programme's fields."""
    return {
        "id": programme.id,
        "ref": programme.ref,
        "name": programme.name,
        "state": programme.state.name,
        "token": programme.token,
        "rules_version": programme.rules_version,
        "utc_offset_minutes": programme.utc_offset_minutes,
        "starts_at": programme.starts_at,
        "ends_at": programme.ends_at,
        "categories": bits(programme.categories),
        "region": unpack_region(programme.region),
        "channels": bits(programme.channels),
        "totals": TotalsOut(
            batches=totals.batches,
            rolls=totals.rolls,
            issued=totals.issued,
            issued_amount=totals.issued_amount,
            redeemed=totals.redeemed,
            redeemed_amount=totals.redeemed_amount,
            swept=totals.swept,
            swept_amount=totals.swept_amount,
            refused=totals.refused,
        ),
    }


def rules_out(rules: Rules) -> RulesOut:
    """Rules' schema."""
    return RulesOut(
        version=rules.version,
        max_deadline=rules.max_deadline,
        reversal_window=rules.reversal_window,
        dispute_window=rules.dispute_window,
    )


def line_out(line: BudgetLine) -> LineOut:
    """A budget line's schema."""
    return LineOut(
        id=str(line.id),
        number=line.number,
        funder=line.funder,
        funding_region=unpack_region(line.funding_region),
        beneficiary_group=line.beneficiary_group,
        purpose=line.purpose,
        budget=line.budget,
        deposited=line.deposited,
        available=line.available,
        committed=line.committed,
        payable=line.payable,
        settled=line.settled,
        returned=line.returned,
        committed_count=line.committed_count,
        payable_count=line.payable_count,
    )
