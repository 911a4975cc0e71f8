"""`vouchertrail index`: follow the chain, look at the index, prove it against a rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import rich_click as click

from node_api.cli.deploy import open_deployed_chain
from node_api.cli.options import CHAIN_FAULT, FAULT, Shared, fail, shared_options
from node_api.domain.printable import counted
from node_api.record import Record, compare_with_rebuild, open_record
from node_api.services.indexing import digest_of
from node_api.services.ports.indexing import IndexForeign, PageUnsettled


@click.group(name="index")
def cli() -> None:
    """The index follows the chain and answers all reads; everything in it can be built from the chain again."""


@cli.command()
@shared_options
def follow(shared: Shared) -> None:
    """Bring the index up to the chain's newest block."""
    with _opened(shared) as record:
        at = record.indexer.catch_up()
        shared.tell(asdict(at), f"the index stands at block {at.number}")


@cli.command()
@shared_options
def status(shared: Shared) -> None:
    """Tell how far the index is and what it holds."""
    with _opened(shared) as record:
        (at, tables), head = record.tables.digest_of(), record.indexer.head()
        number = None if at is None else at.number
        rows, digest = {name: count for name, count, _ in tables}, digest_of(tables)
        stands = "is empty" if number is None else f"stands at block {number}"
        lines = "\n".join(f"{name:22} {count:12,}" for name, count in rows.items())
        shared.tell(
            {"block": number, "head": head.number, "rows": rows, "digest": digest},
            f"the index {stands}, the chain at block {head.number}\n{lines}\n{'digest':22} {digest}",
        )


@cli.command()
@shared_options
def rebuild(shared: Shared) -> None:
    """Empty the index and build it from the chain again. Operations and keys stay."""
    with _opened(shared) as record:
        at = record.indexer.rebuild()
        shared.tell(asdict(at), f"the index was built again up to block {at.number}")


@cli.command()
@shared_options
def verify(shared: Shared) -> None:
    """Build a second index beside the first and compare all tables. Exit code 1 where any differs."""
    with _opened(shared) as record:
        record.indexer.catch_up()
        number, differences = compare_with_rebuild(record, shared.settings.index_page or record.handle.profile.page)
        told = "\n".join(
            f"{one.table}: {counted(one.index[0], 'row')} here, {one.rebuilt[0]:,} rebuilt" for one in differences
        )
        shared.tell(
            {"block": number, "equal": not differences, "differences": [asdict(one) for one in differences]},
            f"block {number}: {told or 'the index is equal to one built from the chain'}",
        )
        if differences:
            raise SystemExit(FAULT)


@contextmanager
def _opened(shared: Shared) -> Iterator[Record]:
    record: Record | None = None
    try:
        record = open_record(shared.settings, open_deployed_chain(shared.settings))
        yield record
    except IndexForeign as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except PageUnsettled as fault:
        fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    finally:
        if record is not None:
            record.close()
