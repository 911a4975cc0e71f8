"""A voucher's state at a time, from its facts: as `Vouchers.stateOf`."""

from node_api.domain.ids import UnixSeconds
from node_api.domain.models import Batch, Roll, VoucherFacts, VoucherState

_SECONDS_OF_A_DAY = 86_400


def end_of(batch: Batch, roll: Roll) -> UnixSeconds:
    """End of a pair's validity, exclusive: its batch's, or so many days after the roll was written, whichever is first."""
    if batch.claim_days == 0:
        return batch.valid_until
    claimed = roll.written_at + batch.claim_days * _SECONDS_OF_A_DAY
    return UnixSeconds(min(batch.valid_until, claimed + batch.extended_seconds + roll.given_back))


def valid_until(facts: VoucherFacts) -> UnixSeconds:
    """End of the voucher's validity, exclusive; a pause that runs is counted to its declared end."""
    return end_of(facts.batch, facts.roll)


def state_of(facts: VoucherFacts, now: UnixSeconds) -> VoucherState:
    """The voucher's state at `now`. Time stands still inside a pause: what was over before it is not LIVE again."""
    if not facts.issued:
        return VoucherState.NONE
    if facts.redeemed is not None:
        return VoucherState.REDEEMED
    if facts.revoked:
        return VoucherState.REVOKED
    if facts.booked:
        return VoucherState.BOOKED
    live = not facts.swept and max(now, facts.paused_until) < valid_until(facts)
    return VoucherState.LIVE if live else VoucherState.EXPIRED
