"""What the API takes in and answers about publications and validity policies."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from node_api.api.answers import BlockOut
from node_api.api.fields import In, Money, Out, ProgrammeNumber, Reference, Seconds
from node_api.api.rules import RulesStepOut, rules_step_out
from node_api.domain.ids import Amount, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef, Programme
from node_api.domain.publication import Publication, PublishedText
from node_api.domain.trail import Step
from node_api.domain.validity import BatchSpan, PolicyVersion, ValidityException, ValidityRow, in_force
from node_api.services.validity import Outlook


class ValidityRowOut(Out):
    """One row of a policy: classes as numbers, from 0; validity in seconds, both bounds inclusive, 0 bounds nothing."""

    category: int
    face_class: int
    difficulty_class: int
    shortest: int
    longest: int


class PolicyOut(Out):
    """A validity policy. Class 0 begins at 0, the next ones where `faces` and `difficulties` (percent of the face value) say."""

    number: int
    faces: list[int]
    difficulties: list[int]
    rows: list[ValidityRowOut]
    proposed: RulesStepOut | None
    approved: RulesStepOut | None
    withdrawn: RulesStepOut | None


class ValidityExceptionOut(Out):
    """An exception asked for; `outcome` is null while it waits."""

    exception: str
    batch_ref: str
    programme: int
    valid_from: int
    valid_until: int
    claim_days: int
    asked: RulesStepOut | None
    outcome: str | None
    decided: RulesStepOut | None


class ValidityOut(Out):
    """Every policy and exception; `in_force` is the number of the policy that batches keep to, null where there is none."""

    in_force: int | None
    policies: list[PolicyOut]
    exceptions: list[ValidityExceptionOut]
    block: BlockOut


class BatchSpanIn(In):
    """A batch that somebody thinks of opening, as far as its validity goes."""

    ref: Reference
    programme: ProgrammeNumber
    categories: Annotated[list[Annotated[int, Field(ge=0, le=63)]], Field(min_length=1, max_length=64)]
    face_value: Annotated[Money, Field(ge=1)]
    minimum_spend: Money = 0
    valid_from: Seconds
    valid_until: Seconds
    claim_days: Annotated[int, Field(ge=0, lt=1 << 16)] = 0

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until must be later than valid_from")
        return self

    def to_domain(self) -> BatchSpan:
        """What policies look at."""
        return BatchSpan(
            self.ref,
            ProgrammeId(self.programme),
            sum(1 << category for category in set(self.categories)),
            Amount(self.face_value),
            Amount(self.minimum_spend),
            UnixSeconds(self.valid_from),
            UnixSeconds(self.valid_until),
            self.claim_days,
        )


class OutlookOut(Out):
    """Whether the chain would take the batch as far as its validity goes, and what experience says. A warning refuses nothing."""

    accepted: bool
    reason: str | None
    told: str
    warning: str | None
    block: BlockOut


class PublishedTextOut(Out):
    """A published text by its hash, and where it is found."""

    hash: str
    uri: str


class LifeStepOut(Out):
    """One step of a programme's life."""

    name: str
    by: str
    at: int
    block: int
    reason: str
    approvals: int
    transaction: str


class LifeOut(Out):
    """A programme's life so far. It is activated at `earliest` or later, 0 before its publication, as `quota` is then."""

    programme: int
    ref: str
    state: str
    approvals_needed: int
    notice_seconds: int
    how_to_use: PublishedTextOut | None
    conditions: PublishedTextOut | None
    quota: int
    earliest: int
    steps: list[LifeStepOut]
    block: BlockOut


def validity_out(policies: list[PolicyVersion], exceptions: list[ValidityException], block: BlockRef) -> ValidityOut:
    """The answer's schema."""
    standing = in_force(policies)
    return ValidityOut(
        in_force=None if standing is None else standing.number,
        policies=[_policy_out(one) for one in policies],
        exceptions=[_exception_out(one) for one in exceptions],
        block=BlockOut.of(block),
    )


def outlook_out(outlook: Outlook, block: BlockRef) -> OutlookOut:
    """The answer's schema."""
    return OutlookOut(
        accepted=outlook.outside is None,
        reason=None if outlook.outside is None else outlook.outside.error,
        told=outlook.refusal,
        warning=None if outlook.warning is None else str(outlook.warning),
        block=BlockOut.of(block),
    )


def life_out(programme: Programme, publication: Publication, steps: list[Step], block: BlockRef) -> LifeOut:
    """The answer's schema."""
    return LifeOut(
        programme=programme.id,
        ref=programme.ref,
        state=programme.state.name,
        approvals_needed=programme.approvals_needed,
        notice_seconds=publication.notice_seconds,
        how_to_use=_text_out(publication.how_to_use),
        conditions=_text_out(publication.conditions),
        quota=publication.quota,
        earliest=publication.earliest,
        steps=[_life_step_out(step) for step in steps],
        block=BlockOut.of(block),
    )


def _policy_out(one: PolicyVersion) -> PolicyOut:
    return PolicyOut(
        number=one.number,
        faces=list(one.policy.faces),
        difficulties=list(one.policy.difficulties),
        rows=[_row_out(row) for row in one.policy.rows],
        proposed=rules_step_out(one.proposed),
        approved=rules_step_out(one.approved),
        withdrawn=rules_step_out(one.withdrawn),
    )


def _row_out(row: ValidityRow) -> ValidityRowOut:
    return ValidityRowOut(**{name: getattr(row, name) for name in ValidityRowOut.model_fields})


def _exception_out(one: ValidityException) -> ValidityExceptionOut:
    return ValidityExceptionOut(
        exception=one.id,
        batch_ref=one.ref,
        programme=one.programme,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
        claim_days=one.claim_days,
        asked=rules_step_out(one.asked),
        outcome=None if one.decided is None else one.decided.name,
        decided=rules_step_out(one.decided),
    )


def _text_out(text: PublishedText | None) -> PublishedTextOut | None:
    return None if text is None else PublishedTextOut(hash=text.hash, uri=text.uri)


def _life_step_out(step: Step) -> LifeStepOut:
    return LifeStepOut(
        name=step.name,
        by=step.actor,
        at=step.tx.block.timestamp,
        block=step.tx.block.number,
        reason=step.reason,
        approvals=step.approvals,
        transaction=step.tx.hash,
    )
