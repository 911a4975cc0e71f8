"""What the API answers to auditors."""

from node_api.api.answers import BlockOut
from node_api.api.fields import Out
from node_api.api.record import RedemptionOut, redemption_out
from node_api.domain.findings import Finding, FindingKind
from node_api.domain.models import BlockRef
from node_api.domain.reconciliation import Check, Reconciliation
from node_api.domain.tracing import VoucherTrace
from node_api.services.indexing import digest_of
from node_api.services.ports.indexing import Digest


class StepOut(Out):
    """One thing that happened to a voucher, its batch, roll or programme."""

    what: str
    actor: str
    roles: list[str]
    details: dict[str, str]
    transaction: str
    log_index: int
    block: BlockOut


class FindingOut(Out):
    """Something checked anew; `good` is null where it cannot be checked, and `detail` says why."""

    what: str
    good: bool | None
    detail: str


class TraceOut(Out):
    """A voucher's whole life. `kind`, `amount`, `rest` and `next_sequence` as of a voucher. `sound`: no check failed."""

    voucher: str
    programme: int
    programme_ref: str
    batch: int
    batch_ref: str
    roll: int
    place: int
    holder: str
    roll_holder: str | None
    custodial: bool | None
    kind: str
    amount: int
    rest: int
    next_sequence: int
    state: str
    valid_until: int
    merchant: int | None
    receipt: str | None
    redemption: RedemptionOut | None
    steps: list[StepOut]
    findings: list[FindingOut]
    sound: bool
    block: BlockOut


class TermOut(Out):
    """One value and what each source says of it."""

    subject: str
    line: str | None
    term: str
    values: dict[str, int]
    expected: int | None
    equal: bool


class ReconciliationOut(Out):
    """Chain state, bits, events and index side by side. `equal`: they agree in everything."""

    programme: int | None
    equal: bool
    lines: int
    pairs: int
    words: int
    checks: list[TermOut]
    differences: list[TermOut]
    block: BlockOut


def trace_out(trace: VoucherTrace) -> TraceOut:
    """A trace's schema."""
    facts = trace.facts
    return TraceOut(
        voucher=str(facts.voucher),
        programme=trace.programme.id,
        programme_ref=trace.programme.ref,
        batch=facts.batch.id,
        batch_ref=facts.batch.ref,
        roll=facts.roll.id,
        place=facts.place,
        holder=facts.holder,
        roll_holder=facts.roll_holder if facts.moved else None,
        custodial=trace.custodial,
        kind=trace.kind.name,
        amount=facts.batch.face,
        rest=trace.rest,
        next_sequence=trace.next_sequence,
        state=trace.state.name,
        valid_until=trace.valid_until,
        merchant=None if trace.merchant is None else trace.merchant.id,
        receipt=trace.receipt,
        redemption=None if facts.redeemed is None else redemption_out(facts.redeemed),
        steps=[
            StepOut(
                what=step.what,
                actor=step.actor,
                roles=list(step.roles),
                details=dict(step.details),
                transaction=step.tx.hash,
                log_index=step.tx.log_index,
                block=BlockOut.of(step.tx.block),
            )
            for step in trace.steps
        ],
        findings=[FindingOut(what=found.what, good=found.good, detail=found.detail) for found in trace.findings],
        sound=trace.sound,
        block=BlockOut.of(trace.block),
    )


def reconciliation_out(outcome: Reconciliation) -> ReconciliationOut:
    """A reconciliation's schema."""
    return ReconciliationOut(
        programme=outcome.programme,
        equal=not outcome.differences,
        lines=outcome.lines,
        pairs=outcome.pairs,
        words=outcome.words,
        checks=[_check_out(check) for check in outcome.checks if check.line is not None],
        differences=[_check_out(check) for check in outcome.differences],
        block=BlockOut.of(outcome.block),
    )


def _check_out(check: Check) -> TermOut:
    return TermOut(
        subject=check.subject,
        line=None if check.line is None else str(check.line),
        term=check.term,
        values={source.value: value for source, value in check.values.items()},
        expected=check.expected,
        equal=check.equal,
    )


class NoticedOut(Out):
    """Something noticed. `subject`: the account or contract it is about, if any; `noticed_at`: by the observer's clock."""

    kind: FindingKind
    subject: str
    detail: str
    block: BlockOut
    noticed_at: int


class FindingsOut(Out):
    """What was noticed. `watched`: the newest block that was looked at; null where this node watches nothing."""

    findings: list[NoticedOut]
    watched: BlockOut | None


class IndexTableOut(Out):
    """One table: how many rows, and SHA-256 over them in the order of their keys."""

    table: str
    rows: int
    digest: str


class IndexOut(Out):
    """What the index holds: two that stand on the same block are equal where `digest`, which is over all tables, is."""

    digest: str
    tables: list[IndexTableOut]
    block: BlockOut


def index_out(block: BlockRef, tables: Digest) -> IndexOut:
    """From what the index holds."""
    told = [IndexTableOut(table=name, rows=count, digest=digest) for name, count, digest in tables]
    return IndexOut(digest=digest_of(tables), tables=told, block=BlockOut.of(block))


def noticed_out(one: Finding) -> NoticedOut:
    """From the domain."""
    block = BlockOut(number=one.number, hash=one.hash, timestamp=one.at)
    return NoticedOut(kind=one.kind, subject=one.subject, detail=one.detail, block=block, noticed_at=one.noticed_at)
