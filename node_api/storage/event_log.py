"""Events for the outside, read from the index's tables of facts. Implements the port `EventLog`.

Nothing is written for them: a place on the chain is a place in every index of it, and a page reads each table by its blocks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Engine, RowMapping, func, or_, select

from node_api.domain.finality import Depth, at_once, finality
from node_api.domain.ids import MerchantId, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.told import WHOLE_BLOCK, Cursor, Detail, EventPage, Happened, Retracted, Wanted
from node_api.storage import operation_tables as o
from node_api.storage import tables as t
from node_api.storage.engine import reading
from node_api.storage.queries import to_hash
from node_api.storage.told_tables import TOLD, Source

WINDOW = 2_000
"""Most blocks of one page."""
_PLACE = ("block", "tx_index", "log_index")
_VOUCHER, _ROLL, _BATCH, _HOLDER = range(1, 5)  # subjects of a freeze

Found = tuple[int, int, str, RowMapping]


class IndexEvents:
    """See the port."""

    def __init__(
        self, engine: Engine, names: Mapping[str, str], confirmations: Depth = at_once, final: Depth = at_once
    ) -> None:
        """The database must have been migrated (`storage.migrate`).

        Args:
            engine: the node's database.
            names: name of every refusal of the contracts, by the selector of its error, 0x-hex.
            confirmations: blocks that must stand on one before it is told of.
            final: blocks that must stand on one before nothing of it can change.
        """
        self._engine, self._names, self._confirmations, self._final = engine, names, confirmations, final

    def newest(self) -> Cursor:
        """See the port."""
        with reading(self._engine) as connection:
            told_upto = _newest_block(connection) - self._confirmations()
            return Cursor(max(0, told_upto), WHOLE_BLOCK, _newest_rewind(connection))

    def read_upto(self) -> int:
        """See the port."""
        with reading(self._engine) as connection:
            return _newest_block(connection)

    def page(self, after: Cursor, wanted: Wanted, limit: int) -> EventPage:
        """See the port."""
        with reading(self._engine) as connection:
            retracted, rewinds = _retraction(connection, after), _newest_rewind(connection)
            start = Cursor(after.block, after.log, rewinds)
            if retracted is not None:
                start = Cursor(retracted.after_block, WHOLE_BLOCK, rewinds)
            first: list[tuple[Cursor, Happened | Retracted]] = [] if retracted is None else [(start, retracted)]
            newest = _newest_block(connection)
            head = newest - self._confirmations()
            upto = min(head, start.block + WINDOW)
            if upto < start.block or (upto == start.block and start.log == WHOLE_BLOCK):
                return EventPage(first, start, more=False)
            found = _cut(_merged(connection, start, upto, wanted, limit), limit)
            events = self._complete(connection, found, wanted, newest)
        places = [(Cursor(event.block.number, event.log, rewinds), event) for event in events]
        full = len(found) >= limit
        end = Cursor(found[-1][0], found[-1][1], rewinds) if full else Cursor(upto, WHOLE_BLOCK, rewinds)
        return EventPage([*first, *places], end, more=full or upto < head)

    def _complete(self, connection: Connection, found: list[Found], wanted: Wanted, newest: int) -> list[Happened]:
        """Events with what their rows do not say themselves, as of the newest block; those of another programme left out."""
        rows = [row for *_, row in found]
        numbers = sorted({row["block"] for row in rows})
        blocks = {row.number: row for row in connection.execute(_in(t.blocks, t.blocks.c.number, numbers))}
        sent = _in(t.transactions, t.transactions.c.block, numbers)
        hashes = {(row.block, row.tx_index): row.hash for row in connection.execute(sent)}
        programmes = _Programmes(connection, rows)
        events, final = [], self._final()
        for number, log, kind, row in found:
            programme = programmes.of(row)
            if wanted.programme is not None and programme != wanted.programme:
                continue
            block = blocks[number]
            merchant = row.get("merchant")
            events.append(
                Happened(
                    type=kind if "name" not in row else f"{kind}.{row['name']}",
                    block=BlockRef(number, to_hash(block.hash), UnixSeconds(block.timestamp)),
                    log=log,
                    transaction=to_hash(hashes[number, row["tx_index"]]),
                    programme=programme,
                    merchant=None if merchant is None else MerchantId(merchant),
                    data=self._data(row),
                    finality=finality(newest - number, final),
                )
            )
        return events

    def _data(self, row: RowMapping) -> dict[str, Detail]:
        data = {str(key): _shown(key, value) for key, value in row.items() if key not in (*_PLACE, "name", "merchant")}
        if "selector" in data:
            selector = str(data.pop("selector"))
            data["reason"] = self._names.get(selector, selector)
        return data


class _Programmes:
    """Whose programme a row is: by its line, its batch or its roll, those of a page looked up together."""

    def __init__(self, connection: Connection, rows: list[RowMapping]) -> None:
        batches, rolls = set(), set()
        for row in rows:
            batch, roll = _batch_of(row), row["number"] if row.get("subject") == _ROLL else None
            batches |= set() if batch is None else {batch}
            rolls |= set() if roll is None else {roll}
        self._of_batch = _lookup(connection, t.batches.c.batch, t.batches.c.programme, batches)
        self._of_roll = _lookup(connection, t.rolls.c.roll, t.rolls.c.programme, rolls)

    def of(self, row: RowMapping) -> ProgrammeId | None:
        """The row's programme."""
        found: int | None = None
        if row.get("programme"):
            found = row["programme"]
        elif row.get("line") is not None:
            found = row["line"] >> 16
        elif row.get("subject") == _HOLDER:
            found = row["number"]
        elif row.get("subject") == _ROLL:
            found = self._of_roll.get(row["number"])
        elif (batch := _batch_of(row)) is not None:
            found = self._of_batch.get(batch)
        return None if found is None else ProgrammeId(found)


def _batch_of(row: RowMapping) -> int | None:
    """The batch that a row names, itself or by its voucher."""
    batch: int | None = row.get("batch")
    voucher = row["number"] if row.get("subject") == _VOUCHER else row.get("voucher")
    if row.get("subject") == _BATCH:
        batch = row["number"]
    return batch if voucher is None else voucher >> 35


def _merged(connection: Connection, after: Cursor, upto: int, wanted: Wanted, limit: int) -> Iterator[Found]:
    """Rows of every table behind the cursor, in the order of the chain."""
    return heapq.merge(
        *(_rows(connection, source, after, upto, wanted, limit) for source in TOLD), key=itemgetter(0, 1, 2)
    )


def _rows(connection: Connection, source: Source, after: Cursor, upto: int, wanted: Wanted, limit: int) -> list[Found]:
    if wanted.merchant is not None and source.merchant is None:
        return []
    block, log = source.table.c.block, source.table.c.log_index
    query = (
        source.query.where(block >= after.block, block <= upto, or_(block > after.block, log > after.log))
        .order_by(block, log)
        .limit(limit)
    )
    if wanted.merchant is not None and source.merchant is not None:
        query = query.where(source.merchant == wanted.merchant)
    return [(row["block"], row["log_index"], source.type, row) for row in connection.execute(query).mappings()]


def _cut(merged: Iterator[Found], limit: int) -> list[Found]:
    """The first so many, and whatever else the last one's log says."""
    found: list[Found] = []
    for one in merged:
        if len(found) >= limit and one[:2] != found[-1][:2]:
            break
        found.append(one)
    return found


def _retraction(connection: Connection, known: Cursor) -> Retracted | None:
    """What the index took back of what was told up to the cursor."""
    rewinds = o.index_rewinds
    later = select(func.max(rewinds.c.number), func.min(rewinds.c.to_block), func.max(rewinds.c.at)).where(
        rewinds.c.number > known.rewinds, rewinds.c.to_block < known.block
    )
    number, to_block, at = connection.execute(later).one()
    if number is None:
        return None
    return Retracted(_newest_rewind(connection), max(0, to_block), at // 1_000)


def _newest_block(connection: Connection) -> int:
    """That the index holds; -1 where it holds none."""
    number: int | None = connection.execute(select(t.checkpoint.c.number)).scalar_one_or_none()
    return -1 if number is None else number


def _newest_rewind(connection: Connection) -> int:
    return connection.execute(select(func.max(o.index_rewinds.c.number))).scalar_one() or 0


def _lookup(connection: Connection, key: Column[int], value: Column[int], keys: set[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    ordered = sorted(keys)
    for at in range(0, len(ordered), 500):
        found |= dict(connection.execute(select(key, value).where(key.in_(ordered[at : at + 500]))).tuples().all())
    return found


def _in(table: Any, column: Column[int], numbers: list[int]) -> Any:
    return select(table).where(column.in_(numbers))


def _shown(name: str, value: Any) -> Detail:
    """A column as it is told: ids above 53 bits as text, bytes as 0x-hex."""
    if isinstance(value, bytes):
        return "0x" + value.hex() if value else None
    if name in ("voucher", "line") and value is not None:
        return str(value)
    shown: Detail = value
    return shown
