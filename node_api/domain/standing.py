"""A voucher's state at a time, from its facts: as `Vouchers.stateOf`."""

from node_api.domain.ids import UnixSeconds
from node_api.domain.models import VoucherFacts, VoucherState

_SECONDS_OF_A_DAY = 86_400


def valid_until(facts: VoucherFacts) -> UnixSeconds:
    """End of the voucher's validity, exclusive: its batch's, or so many days after the roll was written, whichever is first."""
    until = facts.batch.valid_until
    if facts.batch.claim_days == 0:
        return until
    return UnixSeconds(min(until, facts.roll.written_at + facts.batch.claim_days * _SECONDS_OF_A_DAY))


def state_of(facts: VoucherFacts, now: UnixSeconds) -> VoucherState:
    """The voucher's state at `now`."""
    if not facts.issued:
        return VoucherState.NONE
    if facts.redeemed is not None:
        return VoucherState.REDEEMED
    return VoucherState.LIVE if now < valid_until(facts) else VoucherState.EXPIRED
