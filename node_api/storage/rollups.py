"""The roll-ups: sums per budget line, per merchant and day, per batch. Added with the facts, taken back with them.

What is redeemed is what stands: a reversal takes it away again, and where its pair was swept, adds it to what was swept, as the
release of a booking does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache

from sqlalchemy import Connection, Table, TextClause, delete, select, text, update

from node_api.storage import tables as t
from node_api.storage.rows import RedemptionRow, Row, Rows, Value
from node_api.storage.settled import settled_counts

_LINE = tuple(column.name for column in t.line_totals.c if not column.primary_key and column.name != "settled_count")
_DayKey = tuple[int, int, int]

# What the sums are made of, beside redemptions: a rewind reads these rows before it takes them away.
SUMMED = (
    t.deposits,
    t.moved_money,
    t.issues,
    t.reversals,
    t.sweeps,
    t.revocations,
    t.booking_releases,
    t.payments,
    t.rests,
)


class Sums:
    """What some facts add to the roll-ups."""

    def __init__(self, rows: Rows, line_of_batch: Callable[[int], int]) -> None:
        """Sums up the rows of the tables `SUMMED`."""
        self._lines: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_LINE, 0))
        self._days: dict[_DayKey, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._batches: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._line_of_batch = line_of_batch
        self._reversed = bool(rows.get(t.reversals))
        for table, add in (
            (t.deposits, self._deposit),
            (t.moved_money, self._move),
            (t.issues, self._issue),
            (t.reversals, self._reversal),
            (t.sweeps, self._sweep),
            (t.revocations, self._revocation),
            (t.booking_releases, self._release),
            (t.payments, self._payment),
            (t.rests, self._rest),
        ):
            for row in rows.get(table, ()):
                add(row)
        self._redemptions(rows.redemptions)

    def apply(self, connection: Connection, sign: int) -> None:
        """Adds (`sign` 1) or takes away (-1) the sums."""
        lines = [
            {"line": line, "settled_count": 0, **{name: sign * value for name, value in sums.items()}}
            for line, sums in sorted(self._lines.items())
        ]
        days = [
            dict(zip(("merchant", "line", "day"), key, strict=True))
            | {"redeemed": sign * sums[0], "count": sign * sums[1], "settled": sign * sums[2], "settled_count": 0}
            for key, sums in sorted(self._days.items())
        ]
        batches = [
            {"batch": batch, "issued": sign * sums[0], "redeemed": sign * sums[1], "swept": sign * sums[2]}
            for batch, sums in sorted(self._batches.items())
        ]
        for table, rows in ((t.line_totals, lines), (t.merchant_days, days), (t.batch_totals, batches)):
            if rows:
                connection.execute(_adding(table), rows)

    def finish(self, connection: Connection, sign: int) -> None:
        """Counts what was settled anew, once the facts are stored or gone, and drops what has become empty."""
        paid = {key for key, sums in self._days.items() if sums[2]}
        if paid:
            self._count_settled(connection, paid)
        if sign < 0 or self._reversed:
            _drop_empty(connection)

    def _count_settled(self, connection: Connection, paid: set[_DayKey]) -> None:
        days, totals = t.merchant_days, t.line_totals
        counts = settled_counts(connection, days=paid)
        for merchant, line, day in sorted(paid):
            which = (days.c.merchant == merchant) & (days.c.line == line) & (days.c.day == day)
            before = connection.execute(select(days.c.settled_count).where(which)).scalar_one()
            after = counts.get((merchant, line, day), 0)
            connection.execute(update(days).where(which).values(settled_count=after))
            grown = totals.c.settled_count + (after - before)
            connection.execute(update(totals).where(totals.c.line == line).values(settled_count=grown))

    def _deposit(self, row: Row) -> None:
        self._lines[_int(row["line"])]["deposited"] += _int(row["amount"])

    def _move(self, row: Row) -> None:
        """Moved money counts as deposited for the line it went to, and no longer for the one it came from."""
        self._lines[_int(row["from_line"])]["deposited"] -= _int(row["amount"])
        self._lines[_int(row["to_line"])]["deposited"] += _int(row["amount"])

    def _issue(self, row: Row) -> None:
        batch, count = _int(row["batch"]), _int(row["count"])
        line = self._lines[self._line_of_batch(batch)]
        line["issued"] += _int(row["amount"])
        line["issued_count"] += count
        self._batches[batch][0] += count

    def _redemptions(self, rows: Iterable[RedemptionRow]) -> None:
        """Gathered by day and by batch; a line's are those of its days."""
        days: dict[_DayKey, list[int]] = {}
        batches: dict[int, int] = defaultdict(int)
        for row in rows:
            batches[row.voucher >> 35] += 1
            key = row.merchant, row.line, row.day
            sums = days.get(key)
            if sums is None:
                days[key] = [row.amount, 1]
            else:
                sums[0] += row.amount
                sums[1] += 1
        for key, (amount, count) in days.items():
            day, line = self._days[key], self._lines[key[1]]
            day[0] += amount
            day[1] += count
            line["redeemed"] += amount
            line["redeemed_count"] += count
        for batch, count in batches.items():
            self._batches[batch][1] += count

    def _reversal(self, row: Row) -> None:
        """`day` is the one whose money was taken."""
        line, amount = _int(row["line"]), _int(row["amount"])
        sums, day = self._lines[line], self._days[_int(row["merchant"]), line, _int(row["day"])]
        batch = self._batches[_int(row["voucher"]) >> 35]
        sums["redeemed"] -= amount
        sums["redeemed_count"] -= 1
        day[0] -= amount
        day[1] -= 1
        batch[1] -= 1
        if row["swept"]:
            sums["swept"] += amount
            sums["swept_count"] += 1
            batch[2] += 1

    def _sweep(self, row: Row) -> None:
        line, count = self._lines[_int(row["line"])], _int(row["count"])
        line["swept"] += _int(row["amount"])
        line["swept_count"] += count
        self._batches[_int(row["batch"])][2] += count

    def _revocation(self, row: Row) -> None:
        line = self._lines[_int(row["line"])]
        line["revoked"] += _int(row["amount"])
        line["revoked_count"] += 1

    def _release(self, row: Row) -> None:
        if not row["swept"]:
            return
        line = self._lines[_int(row["line"])]
        line["swept"] += _int(row["amount"])
        line["swept_count"] += 1
        self._batches[_int(row["voucher"]) >> 35][2] += 1

    def _payment(self, row: Row) -> None:
        line, amount = _int(row["line"]), _int(row["amount"])
        self._lines[line]["settled"] += amount
        self._days[_int(row["merchant"]), line, _int(row["day"])][2] += amount

    def _rest(self, row: Row) -> None:
        self._lines[_int(row["line"])]["returned"] += _int(row["amount"])


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value


@cache
def _adding(table: Table) -> TextClause:
    """An insert that adds to the row where there is one already: the same text for both databases, built once."""
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.c]
    into = ", ".join(f'"{name}"' for name in names)
    added = ", ".join(f'"{name}" = {table.name}."{name}" + excluded."{name}"' for name in names if name not in keys)
    values = ", ".join(f":{name}" for name in names)
    conflict = ", ".join(f'"{name}"' for name in keys)
    return text(f"INSERT INTO {table.name} ({into}) VALUES ({values}) ON CONFLICT ({conflict}) DO UPDATE SET {added}")  # noqa: S608  names are ours


def _drop_empty(connection: Connection) -> None:
    """A row without a fact behind it would not be there in a rebuild."""
    for table in t.ROLL_UPS:
        plain = [column for column in table.c if not column.primary_key]
        connection.execute(delete(table).where(*(column == 0 for column in plain)))
