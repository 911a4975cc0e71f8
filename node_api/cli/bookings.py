"""`vouchertrail bookings`: what is booked, and letting go of what has lapsed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

import rich_click as click

from node_api.bookings import booking_work
from node_api.cases import fresh_reads
from node_api.cli.audit_output import Cell, Section, local_time, place, plain, print_report
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.bookings import Booking
from node_api.domain.errors import DomainError
from node_api.domain.ids import MERCHANT_IDS, Hash, MerchantId, UnixSeconds
from node_api.domain.reservations import Release
from node_api.record import Follower, open_record
from node_api.services.bookings import Bookings
from node_api.services.ports.auditing import AuditReader
from node_api.storage.engine import open_database

_MOST = 1_000
_CALLER = ApiKey("command-line", ApiRole.OPERATOR, None, "command line", UnixSeconds(0))


@click.group(name="bookings")
def cli() -> None:
    """See what is booked, and release what has lapsed."""


@cli.command(name="list")
@click.option("--merchant", type=click.IntRange(1, MERCHANT_IDS - 1), help="Only of this merchant.")
@click.option("--open", "only_open", is_flag=True, help="Only what is neither captured nor released.")
@shared_options
def list_command(shared: Shared, merchant: int | None, only_open: bool) -> None:
    """List booked vouchers, a thousand at most."""
    of = None if merchant is None else MerchantId(merchant)
    with _opened(shared) as work, work.fresh.open() as (reader, _):
        found = reader.bookings(merchant=of, only_open=only_open, limit=_MOST)
    print_report(shared, False, {"bookings": found}, [booking_section(found)])


@cli.command()
@shared_options
def lapse(shared: Shared) -> None:
    """Release every booking that has lapsed, a thousand vouchers at most. Safe to call twice."""
    released: list[Booking] = []
    with _opened(shared) as work:
        with work.fresh.open() as (reader, now):
            over = _lapsed(reader, now)
        for digest, vouchers in groupby(sorted(over, key=lambda one: one.digest), lambda one: one.digest):
            wanted = Release(Hash(digest), tuple(one.voucher for one in vouchers), UnixSeconds(0))
            key = hashlib.sha256(repr(("lapse", wanted)).encode()).hexdigest()
            released += work.release(_CALLER, key, key, wanted, None)[0]
    told = plain({"released": released})
    assert isinstance(told, dict)
    shared.tell(told, f"{len(released)} booked vouchers released")


def _lapsed(reader: AuditReader, now: UnixSeconds) -> list[Booking]:
    """Those that have lapsed, the oldest first: behind any number of others that still hold."""
    over: list[Booking] = []
    behind = (0, 0)
    while len(over) < _MOST:
        page = reader.bookings(only_open=True, limit=_MOST, after=behind)
        over += [one for one in page if now >= one.lapse_at]
        if len(page) < _MOST:
            break
        behind = (page[-1].tx.block.number, page[-1].tx.log_index)
    return over[:_MOST]


def booking_section(found: list[Booking]) -> Section:
    """Bookings in the order of the chain; times in UTC."""
    columns = ("booking", "voucher", "state", "merchant", "amount", "lapses", "block", "transaction")
    rows: list[tuple[Cell, ...]] = [
        (
            one.digest,
            str(one.voucher),
            one.state,
            one.merchant,
            one.amount,
            local_time(one.lapse_at, 0),
            *place(one.tx),
        )
        for one in found
    ]
    return Section("Bookings", columns, rows)


@contextmanager
def _opened(shared: Shared) -> Iterator[Bookings]:
    """The record and the way to the contract; refusals become exit code 1."""
    record = open_record(shared.settings, open_deployed_chain(shared.settings))
    durable = open_database(shared.settings.database_url)
    try:
        yield booking_work(
            record, fresh_reads(record, Follower(record.indexer)), key_ring(shared.settings), durable, None
        )
    except DomainError as error:
        fail(str(error), FAULT, kind=error.name, as_json=shared.as_json)
    finally:
        durable.dispose()
        record.close()
