"""`vouchertrail programmes`: their life; here its end: what expired is swept, they are closed, every rest goes to its funder."""

from __future__ import annotations

import rich_click as click

from node_api.cli.audit_output import Section, plain, print_report
from node_api.cli.options import Shared, shared_options
from node_api.cli.programme_steps import STEP_COMMANDS
from node_api.cli.staff import REASON, staffed, step
from node_api.domain.models import ProgrammeState
from node_api.services.auditing import find_programme
from node_api.services.closing import due_sweeps
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import CloseProgramme, Command, ReturnRest

_NAME = click.argument("name", metavar="ID|REF")


@click.group(name="programmes")
def cli() -> None:
    """Programmes, from draft to the return of what is left. Safe to call twice."""


for _command in STEP_COMMANDS:
    cli.add_command(_command)


@cli.command(name="list")
@shared_options
def list_programmes(shared: Shared) -> None:
    """All programmes with their state."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        programmes = reader.programmes()
    rows = [(one.id, one.ref, one.name, str(plain(one.state)), one.rules_version) for one in programmes]
    columns = ("programme", "reference", "name", "state", "rules")
    print_report(shared, False, {"programmes": programmes}, [Section("Programmes", columns, rows)])


@cli.command()
@_NAME
@click.option("--reason", type=REASON, required=True, help="Why; it stands on the chain.")
@shared_options
def close(shared: Shared, name: str, reason: str) -> None:
    """Close a programme whose time is over and whose money is settled or swept. TREASURER."""

    def decide(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name)
        return None if programme.state is ProgrammeState.CLOSED else CloseProgramme(programme.id, reason)

    step(shared, f"{name} is closed", f"{name} is closed", decide)


@cli.command()
@_NAME
@shared_options
def sweep(shared: Shared, name: str) -> None:
    """Book the value of a programme's expired vouchers back to its lines. TREASURER."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            due, waiting = due_sweeps(reader, find_programme(reader, name).id, staff.office.desk.now())
        swept = [carried.transaction for carried in staff.office.desk.carry_out(due)]
        told = (
            f"{len(swept):,} pairs of batch and roll swept" if swept else "nothing to do: no pair is over and unswept"
        )
        shared.tell(
            {"swept": len(swept), "transactions": swept, "valid": waiting}, f"{told}; {waiting:,} are valid still"
        )


@cli.command(name="return-rest")
@_NAME
@shared_options
def return_rest(shared: Shared, name: str) -> None:
    """Return what is left of every line of a closed programme to its funder. TREASURER."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            lines = [line for line in reader.lines(find_programme(reader, name).id) if line.available]
        returned = []
        for line in lines:
            carried = staff.send(ReturnRest(line.id))
            returned.append(
                {
                    "line": str(line.id),
                    "funder": line.funder,
                    "amount": line.available,
                    "transaction": carried.transaction,
                }
            )
        told = "\n".join(f"line {one['line']}: {one['amount']:,} returned to {one['funder']}" for one in returned)
        shared.tell({"returned": returned}, told or "nothing to do: nothing is left on any line")
