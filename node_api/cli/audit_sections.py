"""The audit reports as tables."""

from __future__ import annotations

from collections.abc import Iterable

from node_api.chain.redeem_codec import REASONS
from node_api.chain.rpc_values import data
from node_api.cli.audit_output import Cell, Section, line_name, local_day, local_time, place
from node_api.cli.case_sections import case_sections
from node_api.domain.findings import Finding
from node_api.domain.models import BudgetLine, VoucherKind
from node_api.domain.reconciliation import Check, Reconciliation, Source
from node_api.domain.tracing import VoucherTrace
from node_api.domain.trail import Step
from node_api.services.auditing import MerchantReport, ProgrammeReport

_CUSTODY = {
    True: "the node's wallet: the operator could have signed",
    False: "the holder's own device",
    None: "not recorded: the voucher moved",
}
_ANSWERS = {True: "yes", False: "NO", None: "cannot be checked"}


def trace_sections(trace: VoucherTrace) -> list[Section]:
    """One voucher: what it is, what was checked anew, its life."""
    facts, zone = trace.facts, trace.programme.utc_offset_minutes
    what: list[tuple[Cell, Cell]] = [
        ("voucher", str(facts.voucher)),
        ("state", trace.state.name),
        ("as of", f"block {trace.block.number}, {local_time(trace.block.timestamp, zone)}"),
        ("programme", f"{trace.programme.id} {trace.programme.ref} ({trace.programme.name})"),
        ("budget line", facts.batch.line & 0xFFFF),
        ("batch", f"{facts.batch.id} {facts.batch.ref}"),
        ("roll and place", f"{facts.roll.id} {facts.roll.ref}, place {facts.place}"),
        *_value(trace),
        ("holder", facts.holder),
        *([("holder in the roll", facts.roll_holder)] if facts.moved else []),
        ("custody", _CUSTODY[trace.custodial]),
        ("valid from", local_time(facts.batch.valid_from, zone)),
        ("valid until (exclusive)", local_time(trace.valid_until, zone)),
    ]
    if trace.merchant is not None:
        what += [("merchant", f"{trace.merchant.id} {trace.merchant.ref}"), ("receipt", trace.receipt)]
    checked = [(finding.what, _ANSWERS[finding.good], finding.detail) for finding in trace.findings]
    life = [
        (
            local_time(step.tx.block.timestamp, zone),
            step.what,
            step.actor,
            " ".join(step.roles),
            *place(step.tx),
            ", ".join(f"{name}: {value}" for name, value in step.details.items()),
        )
        for step in trace.steps
    ]
    return [
        Section("Voucher", ("", ""), what),
        Section("Checked anew", ("question", "answer", "rests on"), checked),
        Section("Life", ("time", "what", "actor", "roles", "block", "transaction", "details"), life),
    ]


def _value(trace: VoucherTrace) -> list[tuple[Cell, Cell]]:
    """What the voucher is worth by its kind, and what is left of it."""
    batch, rest = trace.facts.batch, ("rest", trace.rest)
    match trace.kind:
        case VoucherKind.PERCENTAGE:
            rate = f"{batch.percentage / 100:g} % of the bill"
            return [("kind", f"percentage, {rate}"), ("at most", batch.face), rest]
        case VoucherKind.STORED:
            return [("kind", "stored value"), ("face value", batch.face), rest, ("next sequence", trace.next_sequence)]
        case _:
            return [("kind", "fixed value"), ("face value", batch.face), rest]


def programme_sections(report: ProgrammeReport) -> list[Section]:
    """One programme; its budget lines come last."""
    programme, totals = report.programme, report.totals
    zone = programme.utc_offset_minutes
    what: list[tuple[Cell, Cell]] = [
        ("programme", f"{programme.id} {programme.ref} ({programme.name})"),
        ("state", programme.state.name),
        ("as of", f"block {report.block.number}, {local_time(report.block.timestamp, zone)}"),
        ("dates", f"{local_time(programme.starts_at, zone)} to {local_time(programme.ends_at, zone)} (exclusive)"),
        ("token", programme.token),
        ("rules version", programme.rules_version),
        ("batches, rolls", f"{totals.batches:,}, {totals.rolls:,}"),
        ("vouchers issued", f"{totals.issued:,}, {totals.issued_amount:,} in all"),
        ("redeemed", f"{totals.redeemed:,}, {totals.redeemed_amount:,} in all"),
        ("expired and swept", f"{totals.swept:,}, {totals.swept_amount:,} in all"),
        ("refused on chain", totals.refused),
    ]
    money = [
        *(
            ("deposited", one.line & 0xFFFF, one.amount, one.depositor, *place(one.tx), one.slip)
            for one in report.deposits
        ),
        *(("returned", one.line & 0xFFFF, one.amount, one.funder, *place(one.tx), "") for one in report.rests),
    ]
    moves = [
        (one.number, one.from_line & 0xFFFF, one.to_line & 0xFFFF, one.amount, one.money, one.state.value, one.reason)
        for one in report.moves
    ]
    return [
        Section("Programme", ("", ""), what),
        _steps(report.steps, zone),
        Section("Moves of budget", ("move", "from", "to", "budget", "money", "state", "reason"), moves),
        Section("Deposits and rests", ("what", "line", "amount", "account", "block", "transaction", "slip"), money),
        Section("Budget lines", ("line", "purpose", *_MONEY), [_line(line) for line in report.lines]),
    ]


_MONEY = ("budget", "deposited", "available", "committed", "payable", "settled", "returned")


def _line(line: BudgetLine) -> tuple[Cell, ...]:
    return (line.number, line.purpose, *(getattr(line, name) for name in _MONEY))


def _steps(steps: Iterable[Step], zone: int) -> Section:
    rows = [
        (local_time(step.tx.block.timestamp, zone), step.name, step.actor, *place(step.tx), step.reason)
        for step in steps
    ]
    return Section("Decisions", ("time", "step", "by", "block", "transaction", "reason"), rows)


def merchant_sections(report: MerchantReport) -> list[Section]:
    """One merchant; its days come last."""
    merchant = report.merchant
    what: list[tuple[Cell, Cell]] = [
        ("merchant", f"{merchant.id} {merchant.ref}"),
        ("status", merchant.status.name),
        ("as of", f"block {report.block.number}, {local_time(report.block.timestamp, 0)}"),
        ("payout account", merchant.payout),
        *((kind, account) for account, kind in report.accounts),
        ("redeemed", sum(day.redeemed for day in report.days)),
        ("settled", sum(day.settled for day in report.days)),
        ("in dispute", sum(day.disputed for day in report.days)),
        ("reversed", report.reversed),
        ("refused on chain", report.refused),
    ]
    paid = [
        (one.run, line_name(one.line), local_day(one.day), one.amount, one.account, *place(one.tx))
        for one in report.payments
    ]
    refused = [
        (str(one.voucher or ""), REASONS.get(data(one.reason), one.reason), *place(one.tx)) for one in report.refusals
    ]
    days = [
        (
            line_name(day.line),
            local_day(day.day),
            day.redeemed,
            day.count,
            day.settled,
            day.redeemed - day.settled,
            day.disputed,
        )
        for day in report.days
    ]
    return [
        Section("Merchant", ("", ""), what),
        _steps(report.steps, 0),
        Section(
            "Payout accounts",
            ("step", "account", "by", "block", "transaction", "reason"),
            [(one.name, one.account, one.actor, *place(one.tx), one.reason) for one in report.payouts],
        ),
        Section("Refusals", ("voucher", "reason", "block", "transaction"), refused),
        Section("Payments", ("run", "line", "day", "amount", "account", "block", "transaction"), paid),
        *case_sections(report.disputes, report.reversals),
        Section("Days", ("line", "day", "redeemed", "count", "settled", "payable", "in dispute"), days),
    ]


def reconciliation_sections(outcome: Reconciliation) -> list[Section]:
    """For people: what was added up, sums over all lines by source, and every difference."""
    columns = ("subject", "term", *(source.value for source in Source))
    sums: dict[str, dict[Source, int]] = {}
    for check in outcome.checks:
        if check.line is not None and check.subject.startswith("line"):
            for source, value in check.values.items():
                sums.setdefault(check.term, {}).setdefault(source, 0)
                sums[check.term][source] += value
    total = [("all lines", term, *(values.get(source) for source in Source)) for term, values in sums.items()]
    tokens = [_check(check) for check in outcome.checks if check.term == "escrow"]
    title = (
        f"As of block {outcome.block.number}: {outcome.lines:,} budget lines, {outcome.pairs:,} pairs, "
        f"{outcome.words:,} words of the chain's storage, {len(outcome.checks):,} values compared"
    )
    differences = Section(
        f"Differences ({len(outcome.differences):,})",
        columns,
        [(_told(check), *_check(check)[1:]) for check in outcome.differences],
    )
    return [Section(title, columns, [*total, *tokens]), differences]


def reconciliation_rows(outcome: Reconciliation) -> Section:
    """For programs: every value compared, with whether its sources agree."""
    columns = ("subject", "term", *(source.value for source in Source), "equal")
    rows = [(*_check(check), "yes" if check.equal else "no") for check in outcome.checks]
    return Section("Values", columns, rows)


def _told(check: Check) -> str:
    if check.line is None:
        return check.subject
    line = f"line {line_name(check.line)}"
    return line if check.subject.startswith("line") else f"{check.subject}, {line}"


def _check(check: Check) -> tuple[Cell, ...]:
    return (check.subject, check.term, *(check.values.get(source) for source in Source))


def findings_section(found: Iterable[Finding]) -> Section:
    """What an observer noticed, newest first."""
    rows = [(local_time(one.at, 0), one.kind.value, one.subject, one.number, one.detail) for one in found]
    return Section("Noticed", ("time (UTC)", "what", "about", "block", "details"), rows)
