"""What all readers of the index share: one block, one connection, and the way from rows to domain values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Connection, FromClause, Row, Select, Table, bindparam, select

from node_api.domain.ids import Address, Day, Hash, UnixSeconds
from node_api.domain.models import BlockRef, TxRef
from node_api.storage import tables as t
from node_api.storage.kept import Facts

T = TypeVar("T")

# A query and a row of columns whose types the tables know; they do not leave this package.
Query = Select[Any]
Record = Row[Any]

UPTO: BindParameter[int] = bindparam("upto")
"""The block that a statement kept from one reader to the next reads up to."""

# Bound parameters in one `IN`, below every driver's limit.
CHUNK = 500
_MOST = 1_000


class Queries:
    """Reads as of one block, on a connection whose transaction sees one state of the database."""

    def __init__(self, connection: Connection, block: BlockRef, *, at_head: bool, facts: Facts) -> None:
        """Args:
        connection: inside a reading transaction.
        block: nothing above it is read.
        at_head: whether it is the newest one, so that the roll-ups say the same as the facts.
        facts: what is known of this block already, and is kept for who reads it next.
        """
        self._connection, self._block, self._at_head, self._facts = connection, block, at_head, facts

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """See the port `AuditReader`."""
        return self._facts.one("remembered", key, make)

    @property
    def block(self) -> BlockRef:
        """The block all answers stand on."""
        return self._block

    def _rows(self, query: Query) -> Sequence[Record]:
        return self._connection.execute(query).all()

    def _upto(self, table: Table) -> ColumnElement[bool]:
        """Rows of the table that stood at this block."""
        return table.c.block <= self._block.number


def in_period(day: ColumnElement[int], from_day: Day | None, until_day: Day | None) -> list[ColumnElement[bool]]:
    """That a day lies from the first, inclusive, until the last, exclusive; None leaves that end open."""
    begun = [] if from_day is None else [day >= from_day]
    return begun if until_day is None else [*begun, day < until_day]


def behind(table: Table, after: tuple[int, int]) -> ColumnElement[bool]:
    """Facts behind a place on the chain, a block and a log: in that order nothing ever comes before what is there."""
    return sa.tuple_(table.c.block, table.c.log_index) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))


def with_tx(table: Table, source: FromClause | None = None, *more: ColumnElement[object]) -> Query:
    """Selects a table of facts with the block and transaction of each; `tx_of` reads them back."""
    joined = (table if source is None else source).join(t.blocks, t.blocks.c.number == table.c.block)
    joined = joined.join(
        t.transactions, (t.transactions.c.block == table.c.block) & (t.transactions.c.tx_index == table.c.tx_index)
    )
    return select(
        table,
        t.blocks.c.hash.label("block_hash"),
        t.blocks.c.timestamp.label("block_time"),
        t.transactions.c.hash.label("tx_hash"),
        t.transactions.c.sender.label("tx_sender"),
        *more,
    ).select_from(joined)


def tx_of(row: Record) -> TxRef:
    """Where a fact selected by `with_tx` stands."""
    block = BlockRef(row.block, to_hash(row.block_hash), UnixSeconds(row.block_time))
    return TxRef(to_hash(row.tx_hash), row.log_index, block, to_address(row.tx_sender))


def count_of(row: Record) -> int:
    """The column `count`, whose name a row keeps for a method of its own."""
    value: Any = row.count  # of a row of `Prepared` it is the column
    return int(value if isinstance(value, int) else row._mapping["count"])


def chunks(values: Collection[T]) -> list[list[T]]:
    """The values in lists of a length that fits one `IN`."""
    ordered = list(values)
    return [ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK)]


def bounded(limit: int) -> int:
    """Raises ValueError outside 1 to 1,000."""
    if not 1 <= limit <= _MOST:
        raise ValueError(f"limit must be 1 to {_MOST}, not {limit}")
    return limit


def to_address(raw: bytes) -> Address:
    """20 bytes as lower-case 0x-hex."""
    return Address("0x" + raw.hex())


def to_hash(raw: bytes) -> Hash:
    """32 bytes as lower-case 0x-hex."""
    return Hash("0x" + raw.hex())


def to_raw(digits: str) -> bytes:
    """The bytes of an address or hash; something no row has where it is not hexadecimal."""
    try:
        return bytes.fromhex(digits.removeprefix("0x"))
    except ValueError:
        return b""
