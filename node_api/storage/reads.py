"""Opens readers on the index. Implements the port `Reads`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, select

from node_api.domain.ids import UnixSeconds
from node_api.domain.models import BlockRef
from node_api.services.ports.reading import BlockNotIndexed, IndexEmpty
from node_api.storage import tables as t
from node_api.storage.engine import reading
from node_api.storage.kept import Facts, Kept
from node_api.storage.prepared import Prepared
from node_api.storage.queries import to_hash
from node_api.storage.read_bookings import BookingQueries
from node_api.storage.read_claims import ClaimQueries
from node_api.storage.read_life import LifeQueries
from node_api.storage.read_merchant_life import MerchantLifeQueries
from node_api.storage.read_merchants import MerchantQueries
from node_api.storage.read_programmes import ProgrammeQueries
from node_api.storage.read_roles import RoleQueries
from node_api.storage.read_rules import RulesQueries

_EMPTY = "the index holds no block yet: run `vouchertrail index`, or start the node"
_AT_HEAD = Prepared(select(t.blocks).join(t.checkpoint, t.checkpoint.c.number == t.blocks.c.number))


class IndexReader(
    ProgrammeQueries,
    RulesQueries,
    LifeQueries,
    MerchantQueries,
    MerchantLifeQueries,
    BookingQueries,
    ClaimQueries,
    RoleQueries,
):
    """Everything the index says as of one block. Implements `Reader` and `AuditReader`."""


class IndexReads:
    """Thread-safe; each reader has a connection and a transaction of its own."""

    def __init__(self, engine: Engine, kept: Kept | None = None) -> None:
        """The database must have been migrated (`storage.migrate`); `kept` is shared with who writes the index."""
        self._engine, self._kept = engine, kept or Kept()

    @contextmanager
    def at_head(self) -> Iterator[IndexReader]:
        """See the port."""
        with reading(self._engine) as connection:
            row = next(iter(_AT_HEAD.rows(connection)), None)
            if row is None:
                raise IndexEmpty(_EMPTY)
            block = BlockRef(row.number, to_hash(row.hash), UnixSeconds(row.timestamp))
            yield IndexReader(connection, block, at_head=True, facts=self._kept.at(block.hash))

    @contextmanager
    def at(self, block_number: int) -> Iterator[IndexReader]:
        """See the port."""
        with reading(self._engine) as connection:
            head = _head(connection)
            block = _block(connection, block_number, head)
            yield IndexReader(connection, block, at_head=block_number == head, facts=Facts())


def _head(connection: Connection) -> int:
    number: int | None = connection.execute(select(t.checkpoint.c.number)).scalar_one_or_none()
    if number is None:
        raise IndexEmpty(_EMPTY)
    return number


def _block(connection: Connection, number: int, head: int | None = None) -> BlockRef:
    row = connection.execute(select(t.blocks).where(t.blocks.c.number == number)).one_or_none()
    if row is None:
        raise BlockNotIndexed(number, number if head is None else head)
    return BlockRef(row.number, to_hash(row.hash), UnixSeconds(row.timestamp))
