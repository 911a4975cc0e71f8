"""What stands over vouchers, programmes and merchants: frozen, revoked, booked, paused.

The same predicates as in `VouchersJudging.sol`; `node_api/domain/rules.py` asks them at the places of the contract's order.
"""

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.ids import UnixSeconds, VoucherId
from node_api.domain.models import Merchant, Programme


def judge_marks(
    voucher: VoucherId, frozen_until: UnixSeconds, *, revoked: bool, booked: bool, now: UnixSeconds
) -> Refusal | None:
    """Before it is asked whether the voucher is redeemed.

    Args:
        voucher: its id.
        frozen_until: the latest end of the freezes of the voucher, its roll, its batch and its holder; 0 for none.
        revoked: whether it was revoked.
        booked: whether the whole of it is booked.
        now: time of the block.
    """
    if now < frozen_until:
        return no.VoucherFrozen(f"voucher {voucher} at {now}, frozen until {frozen_until}", voucher)
    if revoked:
        return no.VoucherRevoked(f"voucher {voucher}", voucher)
    return no.VoucherBooked(f"voucher {voucher}", voucher) if booked else None


def judge_pause(programme: Programme, voucher: VoucherId, now: UnixSeconds) -> Refusal | None:
    """After it is asked whether the programme is active."""
    if now >= programme.paused_until:
        return None
    return no.ProgrammePaused(f"programme {programme.id} at {now}, paused until {programme.paused_until}", voucher)


def judge_merchant_freeze(merchant: Merchant, voucher: VoucherId, now: UnixSeconds) -> Refusal | None:
    """After it is asked whether the merchant is active."""
    if now >= merchant.frozen_until:
        return None
    return no.MerchantFrozen(f"merchant {merchant.id} at {now}, frozen until {merchant.frozen_until}", voucher)


def lane_channels(programme: Programme, now: UnixSeconds) -> int:
    """Channels that the emergency lane holds open beside a batch's own."""
    return programme.lane_channels if now < programme.lane_channels_until else 0
