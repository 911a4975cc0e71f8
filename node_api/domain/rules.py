"""The rules a redemption must pass: the same predicates in the same order as `VouchersJudging.sol`.

Both sides pass the table of cases in tests/cases/rules.json. Pure: the time and every fact are handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.ids import NEVER, VOUCHER_BITS, Address, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import NO_BILL, Item
from node_api.domain.kinds import amounts_of, judge_amount
from node_api.domain.limits import LimitSight, judge_limits, versions_of
from node_api.domain.models import (
    UNTOUCHED,
    Batch,
    Merchant,
    MerchantStatus,
    Programme,
    ProgrammeState,
    Rules,
    Taken,
    VoucherKind,
    Widening,
)
from node_api.domain.open_codes import judge_open
from node_api.domain.regions import region_covers, unpack_region
from node_api.domain.standing_rules import judge_marks, judge_merchant_freeze, judge_pause, lane_channels

SECONDS_OF_A_DAY = 86_400
_CHANNELS = 8


class VoucherSight(NamedTuple):
    """What the rules see of one voucher.

    Attributes:
        holder: who holds the place; None where there is no such roll or place.
        programme: of the roll; None with `holder`.
        batch: None unless the batch was issued to the roll.
        written_at: when the roll was written; what pauses have given it since is added.
        redeemed: whether it is spent.
        frozen_until: the latest end of the freezes that hold it, exclusive; 0 for none.
        revoked: whether it was revoked.
        booked: whether it is booked; of stored value, some part of it.
        dead: whether a redemption by the same signature was reversed, or a booking by it released.
        taken: what was taken from it, where it is no fixed value.
    """

    voucher: VoucherId
    holder: Address | None
    programme: Programme | None
    batch: Batch | None
    written_at: UnixSeconds
    redeemed: bool
    frozen_until: UnixSeconds = NEVER
    revoked: bool = False
    booked: bool = False
    dead: bool = False
    taken: Taken = UNTOUCHED

    def valid_until(self, batch: Batch) -> UnixSeconds:
        """End of its validity, exclusive: the batch's, or so many days after the roll was written, whichever is first."""
        if batch.claim_days == 0:
            return batch.valid_until
        claimed = self.written_at + batch.claim_days * SECONDS_OF_A_DAY + batch.extended_seconds
        return UnixSeconds(min(batch.valid_until, claimed))


@dataclass(frozen=True, slots=True)
class TerminalSight:
    """What the rules see of the terminal that answers for the items.

    Attributes:
        serves: whether it is an active terminal of the merchant.
        sealed: whether it sent the call or signed its items.
    """

    address: Address
    serves: bool
    sealed: bool


class Scene(NamedTuple):
    """Everything around the vouchers.

    Attributes:
        now: time of the block the redemption will stand in.
        merchant: None where no merchant has the id signed for.
        rules: of the version the first voucher's batch was opened under; None where that batch is unknown.
        terminal: None where no terminal answers for the item.
        signed: whether the first voucher's holder signed the item.
        widening: what versions of the rules of the first voucher's programme opened for good.
        limits: what the limits see.
    """

    now: UnixSeconds
    merchant: Merchant | None
    rules: Rules | None
    terminal: TerminalSight | None
    signed: bool
    widening: Widening
    limits: LimitSight


def judge(item: Item, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    """The first rule that says no; None where the redemption passes.

    Args:
        item: what was signed.
        vouchers: one for each spend of the item, in its order.
        scene: everything else.
    """
    return (
        _judge_terminal(item, scene)
        or _judge_signature(item, vouchers, scene)
        or _judge_deadline(item, vouchers[0], scene)
        or _judge_vouchers(item, vouchers, scene)
        or _judge_sums(item, vouchers, scene)
    )


def _judge_terminal(item: Item, scene: Scene) -> Refusal | None:
    terminal = scene.terminal
    if terminal is None:
        return None
    if not terminal.serves:
        return no.TerminalUnknown(f"terminal {terminal.address} at merchant {item.merchant}")
    if not terminal.sealed:
        return no.TerminalSignatureInvalid(f"terminal {terminal.address}")
    return None


def _judge_signature(item: Item, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    if not vouchers:
        return no.VouchersMissing("0 vouchers")
    first = vouchers[0]
    if not _has_place(first) or first.holder is None or first.batch is None:
        return no.VoucherUnknown(f"voucher {first.voucher}", first.voucher)
    if not scene.signed:
        told = f"signature of {len(item.signature)} bytes for holder {first.holder}, merchant {item.merchant}"
        told += "" if item.bill == NO_BILL else f", bill {item.bill}"
        return no.SignatureInvalid(told, first.voucher)
    return None


def _judge_deadline(item: Item, first: VoucherSight, scene: Scene) -> Refusal | None:
    if first.batch is None or scene.rules is None:
        return no.VoucherUnknown(f"voucher {first.voucher}", first.voucher)
    if scene.now >= item.deadline:
        return no.DeadlinePassed(f"deadline {item.deadline} at {scene.now}", first.voucher)
    latest = scene.now + scene.rules.max_deadline
    if item.deadline > latest:
        return no.DeadlineTooFar(f"deadline {item.deadline}, latest {latest}", first.voucher)
    return None


def _judge_vouchers(item: Item, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    for index, sight in enumerate(vouchers):
        neighbour = _judge_neighbour(vouchers, index) if index else None
        reason = neighbour or _judge_voucher(item, index, sight, scene)
        if reason is not None:
            return reason
    return None


def _judge_neighbour(vouchers: Sequence[VoucherSight], index: int) -> Refusal | None:
    """What holds between a voucher and those before it."""
    sight, previous, first = vouchers[index], vouchers[index - 1], vouchers[0]
    if sight.voucher <= previous.voucher:
        return no.VouchersNotAscending(f"voucher {sight.voucher} after {previous.voucher}", sight.voucher)
    if not _has_place(sight) or sight.holder is None or sight.batch is None:
        return no.VoucherUnknown(f"voucher {sight.voucher}", sight.voucher)
    if sight.holder.lower() != str(first.holder).lower():
        return no.HolderMismatch(f"voucher {sight.voucher} of {sight.holder}, signed by {first.holder}", sight.voucher)
    if _programme_id(sight) != _programme_id(first):
        return no.ProgrammeMixed(
            f"voucher {sight.voucher} of programme {_programme_id(sight)}, not {_programme_id(first)}", sight.voucher
        )
    return None


def _judge_voucher(item: Item, index: int, sight: VoucherSight, scene: Scene) -> Refusal | None:
    batch, programme, voucher = sight.batch, sight.programme, sight.voucher
    if batch is None:
        return no.VoucherUnknown(f"voucher {voucher}", voucher)
    whole = sight.booked and batch.kind != VoucherKind.STORED  # what is left of stored value can be spent
    marks = judge_marks(voucher, sight.frozen_until, revoked=sight.revoked, booked=whole, now=scene.now)
    if marks is not None:
        return marks
    if sight.redeemed:
        return no.AlreadyRedeemed(f"voucher {voucher}", voucher)
    if sight.dead:
        return no.SignatureUsed(f"voucher {voucher}", voucher)
    if programme is None or programme.state != ProgrammeState.ACTIVE:
        state = "unknown" if programme is None else programme.state.name
        return no.ProgrammeNotActive(f"programme {_programme_id(sight)} is {state}", voucher)
    paused = judge_pause(programme, voucher, scene.now)
    if paused is not None:
        return paused
    if scene.now < batch.valid_from:
        return no.NotYetValid(f"voucher {voucher} at {scene.now}, valid from {batch.valid_from}", voucher)
    valid_until = sight.valid_until(batch)
    if scene.now >= valid_until:
        return no.Expired(f"voucher {voucher} at {scene.now}, valid until {valid_until}", voucher)
    lane = lane_channels(programme, scene.now)
    spend = item.spends[index]
    return _judge_place(item, sight, batch, scene, lane) or judge_amount(spend, batch, sight.taken, item.bill)


def _judge_place(item: Item, sight: VoucherSight, batch: Batch, scene: Scene, lane: int) -> Refusal | None:
    """Merchant, category, region, channel; `lane` are the channels held open beside the batch's own."""
    voucher, merchant, widening = sight.voucher, scene.merchant, scene.widening
    if merchant is None or merchant.status != MerchantStatus.ACTIVE:
        status = "unknown" if merchant is None else merchant.status.name
        return no.MerchantNotActive(f"merchant {item.merchant} is {status}", voucher)
    frozen = judge_merchant_freeze(merchant, voucher, scene.now)
    if frozen is not None:
        return frozen
    categories = batch.categories | widening.categories
    if categories & merchant.categories == 0:
        return no.CategoryNotShared(
            f"voucher {voucher} for categories {_bits(categories)}, merchant vetted for {_bits(merchant.categories)}",
            voucher,
        )
    within = region_covers(batch.region, merchant.region)
    if not within and not any(region_covers(region, merchant.region) for region in widening.regions):
        return no.RegionOutside(
            f"voucher {voucher} for region {unpack_region(batch.region)}, merchant in {unpack_region(merchant.region)}",
            voucher,
        )
    channels = (batch.channels | widening.channels | lane) & merchant.channels
    if item.channel >= _CHANNELS or not channels >> item.channel & 1:
        return no.ChannelClosed(f"voucher {voucher}, channel {item.channel}, open: {_bits(channels)}", voucher)
    return None


def _judge_sums(item: Item, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    """What holds for the receipt as a whole."""
    first = vouchers[0]
    batches = [sight.batch for sight in vouchers if sight.batch]
    amounts = amounts_of(item, batches)
    if sum(amounts) > item.bill:
        return no.AmountsOverBill(f"amounts {sum(amounts)}, bill {item.bill}", first.voucher)
    minimums = sum(batch.minimum_spend for batch in batches)
    if minimums > item.bill:
        return no.MinimumSpendUnmet(f"minimum spend {minimums}, bill {item.bill}", first.voucher)
    answered = scene.terminal is not None
    versions = versions_of(batches, scene.limits)
    opened = judge_open(item, versions, first.voucher, scene.now, answered=answered)
    if opened is not None:
        return opened
    holder = first.holder
    limit = None if holder is None else judge_limits(batches, versions, amounts, holder, first.voucher, scene.limits)
    if limit is not None:
        return limit
    if scene.terminal is not None and str(first.holder).lower() == scene.terminal.address.lower():
        return no.SelfRedemption(f"holder {first.holder}", first.voucher)
    return None


def _has_place(sight: VoucherSight) -> bool:
    return sight.voucher >> VOUCHER_BITS == 0


def _programme_id(sight: VoucherSight) -> ProgrammeId | None:
    return None if sight.programme is None else sight.programme.id


def _bits(mask: int) -> str:
    """The numbers of the bits set, for messages."""
    return ", ".join(str(bit) for bit in range(mask.bit_length()) if mask >> bit & 1) or "none"
