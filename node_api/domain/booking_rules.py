"""The rules a booking must pass: those of a redemption, and then its lapse, as in `VouchersReservations.sol`."""

from collections.abc import Sequence

from node_api.domain import refusals as no
from node_api.domain.errors import Refusal
from node_api.domain.reservations import Reservation
from node_api.domain.rules import Scene, VoucherSight, judge


def judge_booking(reservation: Reservation, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    """The first rule that says no; None where it would be booked. Arguments as of `rules.judge`."""
    return judge(reservation.as_item(), vouchers, scene) or _judge_lapse(reservation, vouchers, scene)


def _judge_lapse(reservation: Reservation, vouchers: Sequence[VoucherSight], scene: Scene) -> Refusal | None:
    lapse_at = reservation.lapse_at
    if scene.now >= lapse_at:
        return no.LapsePassed(f"lapses at {lapse_at}, now {scene.now}", vouchers[0].voucher)
    for sight in vouchers:
        until = None if sight.batch is None else sight.valid_until(sight.batch)
        if until is not None and lapse_at > until:
            told = f"voucher {sight.voucher} valid until {until}, lapses at {lapse_at}"
            return no.LapseBeyondValidity(told, sight.voucher)
    return None
