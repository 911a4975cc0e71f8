"""One programme of an import folder, moved by whole days so that it is open now: for chains whose clock nobody can move."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

Row = dict[str, str]
_TIMES = {
    "programmes.csv": ("starts_at", "ends_at"),
    "batches.csv": ("valid_from", "valid_until"),
    "redemptions.csv": ("redeemed_at",),
}


class NoSuchProgramme(Exception):
    """The folder has no programme of that name."""


def open_today(source: Path, out: Path, programme: str, now: datetime) -> timedelta:
    """Writes the programme's rows to `out`, which is made, with all that they name and nothing else.

    Args:
        source: an import folder; what `acts.csv` asks for is left out.
        out: where to write.
        programme: its reference.
        now: is to lie in the middle of its time.

    Returns: by how much all times were moved.

    Raises:
        NoSuchProgramme: there is none.
    """
    tables = {path.name: _read(path) for path in sorted(source.glob("*.csv")) if path.name != "acts.csv"}
    kept = {
        name: [row for row in rows if row.get("programme", programme) == programme] for name, rows in tables.items()
    }
    if not kept["programmes.csv"]:
        raise NoSuchProgramme(f"{source} has no programme {programme!r}")
    batches = {row["batch"] for row in kept["batches.csv"]}
    merchants = {row["merchant"] for row in kept["redemptions.csv"]}
    kept["issues.csv"] = _those(kept["issues.csv"], "batch", batches)
    kept["merchants.csv"] = _those(kept["merchants.csv"], "merchant", merchants)
    moved = _days_to_the_middle(kept["programmes.csv"][0], now)
    out.mkdir(parents=True)
    for name, rows in kept.items():
        _write(out / name, list(tables[name][0]), map(_moved(_TIMES.get(name, ()), moved), rows))
    return moved


def _those(rows: Iterable[Row], column: str, wanted: set[str]) -> list[Row]:
    return [row for row in rows if row[column] in wanted]


def _days_to_the_middle(programme: Row, now: datetime) -> timedelta:
    begins, ends = (datetime.fromisoformat(programme[name]) for name in _TIMES["programmes.csv"])
    return timedelta(days=(now - (begins + (ends - begins) / 2)).days)


def _moved(columns: Iterable[str], by: timedelta) -> Callable[[Row], Row]:
    def move(row: Row) -> Row:
        return {**row, **{name: (datetime.fromisoformat(row[name]) + by).isoformat() for name in columns if row[name]}}

    return move


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: list[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
