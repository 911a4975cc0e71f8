"""Checks of programmes, budget lines, merchants, batches and categories against each other."""

from node_api.domain.importing import parse
from node_api.domain.importing.cells import Cells
from node_api.domain.importing.faults import Fault
from node_api.domain.importing.rows import BatchRow, BudgetLineRow, CategoryRow, MerchantRow, ProgrammeRow
from node_api.domain.importing.wallets import Wallet
from node_api.domain.regions import region_covers
from node_api.services.importing.register import Known, Register, read_all
from node_api.services.importing.report import Faults
from node_api.services.importing.table import Table


def read_categories(table: Table) -> tuple[CategoryRow, ...]:
    """Reads categories.csv."""
    found: Register[str, CategoryRow] = Register("category", table.columns.file)
    read_all(table, parse.category, lambda cells, row: found.put(cells, "category", cells.text("category"), row))
    return found.sound()


def read_programmes(table: Table, known: Known) -> None:
    """Reads programmes.csv."""

    def take(cells: Cells, row: ProgrammeRow | None) -> None:
        known.programmes.put(cells, "programme", cells.text("programme"), row)

    read_all(table, parse.programme, take)
    known.programmes.is_complete &= table.is_complete


def read_budget_lines(table: Table, known: Known, faults: Faults) -> None:
    """Reads budget_lines.csv: lines are numbered without gaps, and every programme has one."""
    last: dict[str, int] = {}

    def take(cells: Cells, row: BudgetLineRow | None) -> None:
        programme, number = cells.text("programme"), cells.text("line")
        if row is not None:
            known.programmes.find(cells, "programme", programme)
            expected = last.get(programme, 0) + 1
            if row.number > expected:
                cells.note(
                    "line", "lines are numbered from 1 without gaps", f"the next line of {programme} is {expected}"
                )
        if number.isdecimal() and len(number) < len(str(parse.LINES_MAX)) + 1:
            last[programme] = max(last.get(programme, 0), int(number))
            known.lines.put(cells, "line", (programme, int(number)), row)
        last.setdefault(programme, 0)

    read_all(table, parse.budget_line, take)
    known.lines.is_complete &= table.is_complete
    if table.is_complete:
        file = known.programmes.file
        rule, remedy = "a programme has at least one budget line", "add it to budget_lines.csv"
        lines = known.programmes.lines
        faults.add(Fault(file, lines[ref], "programme", ref, rule, remedy) for ref in lines if ref not in last)


def read_merchants(table: Table, known: Known) -> None:
    """Reads merchants.csv: a terminal belongs to one merchant."""
    owners: dict[Wallet, int] = {}

    def take(cells: Cells, row: MerchantRow | None) -> None:
        for terminal in row.terminals if row else ():
            line = owners.setdefault(terminal, cells.line)
            if line != cells.line:
                cells.note("terminals", "a terminal belongs to one merchant", f"line {line} has {terminal} already")
        known.merchants.put(cells, "merchant", cells.text("merchant"), row)

    read_all(table, parse.merchant, take)
    known.merchants.is_complete &= table.is_complete


def read_batches(table: Table, known: Known) -> None:
    """Reads batches.csv: each batch stays within its programme and is paid by one of its lines."""

    def take(cells: Cells, row: BatchRow | None) -> None:
        if row is not None:
            programme = known.programmes.find(cells, "programme", row.programme)
            if programme is not None:
                known.lines.find(cells, "line", (row.programme, row.line))
                _check_within(cells, row, programme)
        known.batches.put(cells, "batch", cells.text("batch"), row)

    read_all(table, parse.batch, take)
    known.batches.is_complete &= table.is_complete


def _check_within(cells: Cells, batch: BatchRow, programme: ProgrammeRow) -> None:
    rule, widen = f"must lie within programme {programme.ref}", "narrow the batch, or widen the programme"
    if batch.valid_from < programme.starts_at:
        cells.note("valid_from", f"{rule}: not before its starts_at", widen)
    if batch.valid_until > programme.ends_at:
        cells.note("valid_until", f"{rule}: not after its ends_at", widen)
    if batch.categories & ~programme.categories:
        cells.note("categories", f"{rule}: its categories", widen)
    if batch.channels & ~programme.channels:
        cells.note("channels", f"{rule}: its channels", widen)
    if not region_covers(programme.region, batch.region):
        cells.note("region", f"{rule}: its region", widen)
