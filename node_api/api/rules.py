"""What the API answers about versions of rules."""

from node_api.api.answers import BlockOut
from node_api.api.fields import Out
from node_api.api.record import bits
from node_api.domain.models import Rules, Widening
from node_api.domain.regions import unpack_region
from node_api.domain.trail import Step
from node_api.domain.versions import RulesVersion, VersionState
from node_api.services.rules_standing import RulesStanding


class RulesTermsOut(Out):
    """The terms of a version: seconds, amounts in the token's smallest unit, counts of vouchers; a limit of 0 is none."""

    max_deadline: int
    reversal_window: int
    dispute_window: int
    step_up_threshold: int
    merchant_daily_limit: int
    redemption_amount: int
    redemption_count: int
    day_amount: int
    day_count: int
    month_amount: int
    month_count: int
    open_seconds: int
    open_max_bill: int
    first_only: bool
    transferable: bool
    transfer_amount: int
    transfer_month_amount: int


class WideningOut(Out):
    """What is open to every voucher of the programme beyond its batch's own terms."""

    categories: list[int]
    regions: list[str]
    channels: list[int]


class RulesStepOut(Out):
    """Who did it, when, and why."""

    by: str
    at: int
    reason: str
    transaction: str


class RulesVersionOut(Out):
    """A version of a programme's rules."""

    version: int
    state: VersionState
    terms: RulesTermsOut
    widening: WideningOut
    proposed: RulesStepOut | None
    ripe_at: int
    activated: RulesStepOut | None
    withdrawn: RulesStepOut | None


class RulesAtOut(Out):
    """The rules of a programme at a time. `stood` is the number of the version under which batches were opened then."""

    programme: int
    ref: str
    at: int
    stood: int | None
    widening: WideningOut
    versions: list[RulesVersionOut]
    block: BlockOut


def rules_at_out(standing: RulesStanding) -> RulesAtOut:
    """The answer's schema."""
    return RulesAtOut(
        programme=standing.programme.id,
        ref=standing.programme.ref,
        at=standing.at,
        stood=None if standing.stood is None else standing.stood.version,
        widening=_widening_out(standing.widening),
        versions=[_version_out(one, state) for one, state in standing.versions],
        block=BlockOut.of(standing.block),
    )


def _version_out(one: RulesVersion, state: VersionState) -> RulesVersionOut:
    return RulesVersionOut(
        version=one.version,
        state=state,
        terms=_terms_out(one.rules),
        widening=_widening_out(one.widening),
        proposed=rules_step_out(one.proposed),
        ripe_at=one.ripe_at,
        activated=rules_step_out(one.activated),
        withdrawn=rules_step_out(one.withdrawn),
    )


def _terms_out(rules: Rules) -> RulesTermsOut:
    return RulesTermsOut(**{name: getattr(rules, name) for name in RulesTermsOut.model_fields})


def _widening_out(widening: Widening) -> WideningOut:
    return WideningOut(
        categories=bits(widening.categories),
        regions=[unpack_region(region) for region in widening.regions],
        channels=bits(widening.channels),
    )


def rules_step_out(step: Step | None) -> RulesStepOut | None:
    """A step, where it was taken."""
    if step is None:
        return None
    return RulesStepOut(by=step.actor, at=step.tx.block.timestamp, reason=step.reason, transaction=step.tx.hash)
