"""`vouchertrail audit`: trace a voucher, report on a programme or merchant, reconcile everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import rich_click as click

from node_api.cli.audit_output import print_report
from node_api.cli.audit_sections import (
    findings_section,
    merchant_sections,
    programme_sections,
    reconciliation_rows,
    reconciliation_sections,
    trace_sections,
)
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.observe import watch_options, watched
from node_api.cli.options import CHAIN_FAULT, FAULT, Shared, fail, shared_options
from node_api.domain.errors import DomainError
from node_api.domain.findings import FindingKind
from node_api.domain.ids import VOUCHER_BITS, VoucherId
from node_api.record import Record, open_record
from node_api.services.auditing import find_merchant, find_programme, merchant_report, programme_report
from node_api.services.ports.auditing import AuditReader, StateGone
from node_api.services.ports.indexing import IndexForeign, PageUnsettled
from node_api.services.ports.reading import BlockNotIndexed, IndexEmpty
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage.watch import WatchTables
from node_api.watching import opened_watch

F = TypeVar("F", bound=Callable[..., None])


def _report_options(command: F) -> F:
    block = click.option("--block", type=click.IntRange(min=0), help="As of this block instead of the newest one.")
    as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print the report's rows as CSV.")
    return block(as_csv(command))


@click.group(name="audit")
def cli() -> None:
    """Recompute figures and lives from the chain. Exit code 1 means that something does not agree."""


@cli.command(name="trace")
@click.argument("voucher")
@_report_options
@shared_options
def trace_command(shared: Shared, voucher: str, block: int | None, as_csv: bool) -> None:
    """Tell the whole life of a VOUCHER and check its redemption's signature and commitment again."""
    if not (voucher.isascii() and voucher.isdigit()) or int(voucher) >> VOUCHER_BITS:
        raise click.BadParameter(f"{voucher!r} is no voucher number: a decimal below 2^{VOUCHER_BITS}")
    with _audited(shared, block) as (record, reader):
        told = trace(reader, record.ledger, record.calls, VoucherId(int(voucher)))
    print_report(shared, as_csv, {"trace": told, "sound": told.sound}, trace_sections(told))
    if not told.sound:
        raise SystemExit(FAULT)


@cli.command(name="programme")
@click.argument("name", metavar="ID|REF")
@_report_options
@shared_options
def programme_command(shared: Shared, name: str, block: int | None, as_csv: bool) -> None:
    """Report on a programme: decisions, deposits, budget lines, use. CSV has its budget lines."""
    with _audited(shared, block) as (_, reader):
        report = programme_report(reader, find_programme(reader, name))
    print_report(shared, as_csv, {"report": report}, programme_sections(report))


@cli.command(name="merchant")
@click.argument("name", metavar="ID|REF")
@_report_options
@shared_options
def merchant_command(shared: Shared, name: str, block: int | None, as_csv: bool) -> None:
    """Report on a merchant: accounts, days, payments, refusals. CSV has its days."""
    with _audited(shared, block) as (_, reader):
        report = merchant_report(reader, find_merchant(reader, name))
    print_report(shared, as_csv, {"report": report}, merchant_sections(report))


@cli.command(name="reconcile")
@click.option("--programme", "name", metavar="ID|REF", help="Only this programme; escrow is then left out.")
@_report_options
@shared_options
def reconcile_command(shared: Shared, name: str | None, block: int | None, as_csv: bool) -> None:
    """Compare every term of every budget line: chain state, bits, events, index, escrow. Exit code 1 on any difference."""
    with _audited(shared, block) as (record, reader):
        programme = None if name is None else find_programme(reader, name).id
        outcome = reconcile(reader, record.ledger, programme)
    whole = {"block": outcome.block, "equal": not outcome.differences, "differences": outcome.differences}
    counts = {"lines": outcome.lines, "pairs": outcome.pairs, "words": outcome.words, "values": len(outcome.checks)}
    sections = [reconciliation_rows(outcome)] if as_csv else reconciliation_sections(outcome)
    print_report(shared, as_csv, {**whole, **counts}, sections)
    if outcome.differences:
        raise SystemExit(FAULT)


@cli.command(name="findings")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in FindingKind]), help="Only these."
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the findings as CSV.")
@watch_options
@shared_options
def findings_command(shared: Shared, kinds: tuple[str, ...], limit: int, as_csv: bool, beside: Path | None) -> None:
    """Look at validators, clocks, contracts and roles up to the newest block, and tell what was noticed of them."""
    told = watched(shared.settings, beside)
    with _audited(shared, None) as (record, _), opened_watch(record, told) as watch:
        watch.catch_up()
        store = WatchTables(record.engine)
        found, at = store.findings([FindingKind(kind) for kind in kinds], limit=limit), store.watched()
    print_report(shared, as_csv, {"watched": at, "findings": found}, [findings_section(found)])


@contextmanager
def _audited(shared: Shared, block: int | None) -> Iterator[tuple[Record, AuditReader]]:
    """The record brought up to the chain, and a reader on the block asked for; faults become exit codes."""
    record: Record | None = None
    try:
        record = open_record(shared.settings, open_deployed_chain(shared.settings))
        record.indexer.catch_up()
        with record.reads.at_head() if block is None else record.reads.at(block) as reader:
            yield record, reader
    except (DomainError, BlockNotIndexed, IndexEmpty, IndexForeign) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except (StateGone, PageUnsettled) as fault:
        fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    finally:
        if record is not None:
            record.close()
