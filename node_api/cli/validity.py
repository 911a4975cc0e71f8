"""`vouchertrail validity`: how long vouchers must and may be valid, by policy; and exceptions for single batches."""

from __future__ import annotations

import csv
from pathlib import Path

import rich_click as click

from node_api.chain.life_calls import exception_id
from node_api.cli.audit_output import Cell, Section, local_time, print_report
from node_api.cli.folder import checked_folder
from node_api.cli.options import NUMBER, Shared, shared_options
from node_api.cli.staff import REASON, Parsed, staffed, step, take
from node_api.domain.ids import Hash
from node_api.domain.importing import values
from node_api.domain.printable import counted
from node_api.domain.trail import Step
from node_api.domain.validity import DAY, PolicyVersion, ValidityException, ValidityPolicy, in_force
from node_api.services.loading.terms import batch_terms
from node_api.services.validity_staff import (
    TableFault,
    exception_asked,
    exception_decided,
    policy_approved,
    policy_ended,
    policy_of,
    policy_proposed,
)

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_NUMBER = click.argument("policy", type=NUMBER)
_EXCEPTION = click.argument("exception", type=Parsed("hash", values.document))
_WHY = click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")


@click.group(name="validity")
def cli() -> None:
    """How long vouchers must and may be valid. Safe to call twice."""


@cli.command()
@shared_options
def show(shared: Shared) -> None:
    """The policy in force, every policy ever proposed, and exceptions, with who decided what, when and why."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        versions, exceptions = reader.policies(), reader.validity_exceptions()
    standing = in_force(versions)
    rows = [] if standing is None else policy_rows(standing.policy)
    sections = [
        Section(
            "Policy in force" if standing is None else f"Policy {standing.number}, in force",
            ("category", "face value from", "condition from, %", "shortest, days", "longest, days"),
            rows,
        ),
        Section("Policies", ("policy", "step", "at", "by", "why"), [row for one in versions for row in _steps(one)]),
        Section(
            "Exceptions",
            ("exception", "batch", "programme", "step", "at", "by", "why"),
            [row for one in exceptions for row in _exception(one)],
        ),
    ]
    number = None if standing is None else standing.number
    print_report(shared, False, {"in_force": number, "policies": versions, "exceptions": exceptions}, sections)


@cli.command()
@click.argument("table", type=_FILE)
@_WHY
@shared_options
def propose(shared: Shared, table: Path, reason: str) -> None:
    """Propose the policy of TABLE, a CSV: category, face_from, condition_from, shortest_days, longest_days. TREASURER."""
    try:
        policy = policy_of(list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())))
    except (TableFault, UnicodeDecodeError) as fault:
        raise click.BadParameter(str(fault), param_hint="TABLE") from fault
    told = f"a policy of {counted(len(policy.rows), 'row')} is proposed"
    step(shared, told, told, policy_proposed(policy, reason))


@cli.command()
@_NUMBER
@shared_options
def approve(shared: Shared, policy: int) -> None:
    """Put POLICY into force, in place of the one before. APPROVER."""
    told = f"policy {policy} is in force"
    step(shared, told, told, policy_approved(policy))


@cli.command()
@_NUMBER
@_WHY
@shared_options
def withdraw(shared: Shared, policy: int, reason: str) -> None:
    """Take POLICY back while it waits. TREASURER."""
    told = f"policy {policy} is withdrawn"
    step(shared, told, told, policy_ended(policy, reason, by_treasurer=True))


@cli.command()
@_NUMBER
@_WHY
@shared_options
def reject(shared: Shared, policy: int, reason: str) -> None:
    """Turn POLICY down while it waits. APPROVER."""
    told = f"policy {policy} is turned down"
    step(shared, told, told, policy_ended(policy, reason, by_treasurer=False))


@cli.command(name="propose-exception")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("batch")
@_WHY
@shared_options
def propose_exception(shared: Shared, folder: Path, batch: str, reason: str) -> None:
    """Ask that BATCH of an import FOLDER may be opened whatever the policy says; its programme is on chain. TREASURER."""
    row = next((one for one in checked_folder(shared, folder).batches if one.ref == batch), None)
    if row is None:
        raise click.BadParameter(f"the folder has no batch {batch!r}", param_hint="BATCH")
    with staffed(shared) as staff:
        (there,) = staff.office.book.programmes([row.programme])
        if there is None:
            raise click.UsageError(f"programme {row.programme} is not on chain: load it first")
        told = f"an exception for batch {batch} is asked for"
        terms = batch_terms(row, there.id)
        take(staff, told, told, exception_asked(exception_id(batch, terms), batch, terms, reason))


@cli.command(name="grant-exception")
@_EXCEPTION
@shared_options
def grant_exception(shared: Shared, exception: Hash) -> None:
    """Grant EXCEPTION, a hash that `show` tells. APPROVER."""
    step(shared, "the exception is granted", "the exception is granted", exception_decided(exception, None))


@cli.command(name="reject-exception")
@_EXCEPTION
@_WHY
@shared_options
def reject_exception(shared: Shared, exception: Hash, reason: str) -> None:
    """Turn EXCEPTION down. APPROVER."""
    step(shared, "the exception is rejected", "the exception is rejected", exception_decided(exception, reason))


def policy_rows(policy: ValidityPolicy) -> list[tuple[Cell, ...]]:
    """The table as people write it."""
    faces, conditions = (0, *policy.faces), (0, *policy.difficulties)
    return [
        (
            row.category,
            faces[row.face_class],
            conditions[row.difficulty_class],
            f"{row.shortest / DAY:g}" if row.shortest else None,
            f"{row.longest / DAY:g}" if row.longest else None,
        )
        for row in policy.rows
    ]


def _steps(one: PolicyVersion) -> list[tuple[Cell, ...]]:
    steps = [step for step in (one.proposed, one.approved, one.withdrawn) if step is not None]
    return [(one.number, *_step(step)) for step in steps]


def _exception(one: ValidityException) -> list[tuple[Cell, ...]]:
    steps = [step for step in (one.asked, one.decided) if step is not None]
    return [(one.id, one.ref, one.programme, *_step(step)) for step in steps]


def _step(step: Step) -> tuple[Cell, ...]:
    return (step.name, local_time(step.tx.block.timestamp, 0), step.actor, step.reason)
