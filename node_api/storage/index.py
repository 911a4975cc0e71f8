"""The index's tables as the indexer writes them. Implements the port `IndexStore`."""

from __future__ import annotations

import hashlib
import time

from sqlalchemy import Connection, Engine, Table, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from node_api.domain.events import Header, Page
from node_api.domain.ids import Hash
from node_api.services.ports.indexing import CheckpointMoved, Digest
from node_api.storage import tables as t
from node_api.storage.bulk import insert_tuples
from node_api.storage.call_blocks import follow_page
from node_api.storage.engine import reading, writing
from node_api.storage.kept import Kept
from node_api.storage.operation_tables import index_rewinds
from node_api.storage.projection import Context, rows_of
from node_api.storage.rollups import SUMMED, Sums
from node_api.storage.rows import RedemptionRow, Rows

_ONLY = 1
_CHECKPOINT = select(t.blocks).join(t.checkpoint, t.checkpoint.c.number == t.blocks.c.number)
_LOCKED_CHECKPOINT = _CHECKPOINT.with_for_update(of=t.checkpoint)


class IndexTables:
    """Writes pages and rewinds, each in one transaction. Thread-safe as far as its caller serialises writing."""

    def __init__(self, engine: Engine, kept: Kept | None = None) -> None:
        """The database must have been migrated (`storage.migrate`); `kept` is what its readers keep."""
        self._engine, self._kept = engine, kept or Kept()
        self._context = Context()
        self._added: bytes | None = None  # the last block that was added here

    def checkpoint(self) -> Header | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _checkpoint(connection)

    def identity(self) -> str | None:
        """See the port."""
        with reading(self._engine) as connection:
            return connection.execute(select(t.checkpoint.c.identity)).scalar_one_or_none()

    def header(self, number: int) -> Header | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _header(connection, number)

    def append(self, page: Page, after: Header | None, identity: str) -> None:
        """See the port."""
        if after is not None:
            self._kept.follow(_hash(after), page, _hash(page.headers[-1]))
        try:
            self._append(page, after, identity)
        except IntegrityError as error:
            self._context.forget()
            if self.checkpoint() == after:
                raise
            raise CheckpointMoved("another process filled the empty index") from error
        except BaseException:
            self._context.forget()
            raise

    def _append(self, page: Page, after: Header | None, identity: str) -> None:
        with writing(self._engine) as connection:
            self._require(connection, after)
            if after is not None and after.hash != self._added:
                self._context.forget()  # another process was here, and may have gone back
            rows = rows_of(page, self._context, connection)
            for table in t.metadata.sorted_tables:
                if rows.get(table):
                    connection.execute(insert(table), rows[table])
            insert_tuples(connection, t.roll_places, rows.places)
            insert_tuples(connection, t.redemptions, rows.redemptions)
            sums = Sums(rows, self._context.line)
            sums.apply(connection, 1)
            sums.finish(connection, 1)
            if page.transactions:
                follow_page(connection, page.headers[0].number)
            _set_checkpoint(connection, page.headers[-1], identity, fresh=after is None)
        self._added = page.headers[-1].hash

    def rewind(self, to: int, seen: Header) -> None:
        """See the port."""
        self._context.forget()
        with writing(self._engine) as connection:
            self._require(connection, seen)
            rows = _above(connection, to)
            self._context.load(connection, {row["batch"] for row in rows[t.issues] if isinstance(row["batch"], int)})
            sums = Sums(rows, self._context.line)
            sums.apply(connection, -1)
            for table in (*t.FACTS, t.roll_places, t.claimed_places, t.transactions):
                connection.execute(delete(table).where(table.c.block > to))
            sums.finish(connection, -1)
            connection.execute(delete(t.blocks).where(t.blocks.c.number > to))
            _note_rewind(connection, to)
            kept = _header(connection, to)
            if kept is None:
                connection.execute(delete(t.checkpoint))
            else:
                connection.execute(update(t.checkpoint).values(number=kept.number, hash=kept.hash))
        self._context.forget()

    def clear(self, taken_back_to: int | None = None) -> None:
        """See the port."""
        self._context.forget()
        with writing(self._engine) as connection:
            _checkpoint(
                connection, lock=True
            )  # who follows the chain meanwhile finds the index moved, and adds nothing to it
            for table in reversed(t.metadata.sorted_tables):
                connection.execute(delete(table))
            if taken_back_to is not None:
                _note_rewind(connection, taken_back_to)

    def digest(self) -> Digest:
        """See the port."""
        return self.digest_of()[1]

    def digest_of(self) -> tuple[Header | None, Digest]:
        """See the port."""
        tables = sorted(t.metadata.sorted_tables, key=lambda one: one.name)
        with reading(self._engine) as connection:
            return _checkpoint(connection), [_digest(connection, table) for table in tables]

    def _require(self, connection: Connection, expected: Header | None) -> None:
        """The checkpoint's row serialises writers, also those of other processes."""
        found = _checkpoint(connection, lock=True)
        if found != expected:
            self._context.forget()
            raise CheckpointMoved(
                f"the index stands at {found and found.number}, not at {expected and expected.number}"
            )


def _checkpoint(connection: Connection, *, lock: bool = False) -> Header | None:
    found = connection.execute(_LOCKED_CHECKPOINT if lock else _CHECKPOINT).one_or_none()
    return None if found is None else Header(found.number, found.hash, found.parent, found.timestamp)


def _header(connection: Connection, number: int) -> Header | None:
    found = connection.execute(select(t.blocks).where(t.blocks.c.number == number)).one_or_none()
    return None if found is None else Header(found.number, found.hash, found.parent, found.timestamp)


def _note_rewind(connection: Connection, to: int) -> None:
    """Has those told who were told of what was above."""
    connection.execute(insert(index_rewinds).values(to_block=to, at=time.time_ns() // 1_000_000))


def _hash(header: Header) -> Hash:
    return Hash("0x" + header.hash.hex())


def _set_checkpoint(connection: Connection, header: Header, identity: str, *, fresh: bool) -> None:
    values = {"number": header.number, "hash": header.hash}
    if fresh:
        connection.execute(insert(t.checkpoint).values(id=_ONLY, identity=identity, **values))
    else:
        connection.execute(update(t.checkpoint).values(**values))


def _above(connection: Connection, number: int) -> Rows:
    """The rows above a block that the roll-ups sum."""
    rows = Rows()
    for table in SUMMED:
        query = select(table).where(table.c.block > number)
        rows[table] = [
            {str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()
        ]
    query = select(t.redemptions).where(t.redemptions.c.block > number)
    rows.redemptions = [RedemptionRow(*row) for row in connection.execute(query)]
    return rows


def _digest(connection: Connection, table: Table) -> tuple[str, int, str]:
    """A sum of nothing counts as none: it depends on how the chain was read whether there is a row of it."""
    digest, count, rows = hashlib.sha256(), 0, select(table).order_by(*table.primary_key)
    if table in t.ROLL_UPS:
        rows = rows.where(or_(*(column != 0 for column in table.c if not column.primary_key)))
    for row in connection.execute(rows, execution_options={"yield_per": 10_000}):
        digest.update(repr(tuple(row)).encode())
        count += 1
    return str(table.name), count, digest.hexdigest()
