"""An import folder of any size: one programme, four budget lines, ten batches, each given to every holder."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node_api.domain.ids import MAX_PLACES

BATCHES, LINES, MERCHANTS = 10, 4, 200
FACES = (500, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 8_000, 10_000)
SPAN = timedelta(days=30)
"""In which everything is redeemed, from the day of loading on."""
_SEED = 8
_BEFORE, _AFTER = timedelta(days=1), timedelta(days=60)
_CATEGORIES = 8


def write_folder(out: Path, holders: int) -> None:
    """Writes the folder; holders are addresses whose keys nobody has."""
    now = datetime.now(tz=UTC).replace(microsecond=0)
    begins, ends = (now - _BEFORE).isoformat(), (now + _AFTER).isoformat()
    numbers = range(1, BATCHES + 1)
    amount = holders * sum(FACES)
    out.mkdir(parents=True)
    _write(
        out / "programmes.csv",
        "programme,name,token,utc_offset_minutes,starts_at,ends_at,region,categories,channels,max_deadline_seconds,"
        "reversal_window_seconds,dispute_window_seconds",
        [("large", "A large programme", "VTC", 480, begins, ends, "*", _all(), "store", 604_800, 86_400, 172_800)],
    )
    _write(
        out / "budget_lines.csv",
        "programme,line,funder,funding_region,beneficiary_group,purpose,amount",
        [("large", line, "province", "37", "residents", f"purpose {line}", amount) for line in range(1, LINES + 1)],
    )
    _write(
        out / "merchants.csv",
        "merchant,name,categories,region,channels,status,payout,terminals",
        [(f"shop-{n}", f"Shop {n}", _all(), "370102", "store", "active", "", "") for n in range(1, MERCHANTS + 1)],
    )
    _write(
        out / "batches.csv",
        "batch,programme,line,kind,face_value,minimum_spend,categories,region,channels,valid_from,valid_until,claim_days,quota",
        [
            (
                f"batch-{n}",
                "large",
                line_of(n),
                "fixed",
                FACES[n - 1],
                0,
                _all(),
                "*",
                "store",
                begins,
                ends,
                0,
                holders,
            )
            for n in numbers
        ],
    )
    rng, rolls = random.Random(_SEED), range(-(-holders // MAX_PLACES))
    _write(
        out / "holders.csv",
        "roll,programme,place,holder,again",
        (
            (f"roll-{at // MAX_PLACES}", "large", at % MAX_PLACES, "0x" + rng.randbytes(20).hex(), "")
            for at in range(holders)
        ),
    )
    _write(out / "issues.csv", "batch,roll", [(f"batch-{n}", f"roll-{roll}") for n in numbers for roll in rolls])


def line_of(batch: int) -> int:
    """Number of the budget line that the batch with this number stands under."""
    return 1 + (batch - 1) % LINES


def _all() -> str:
    return ";".join(str(category) for category in range(_CATEGORIES))


def _write(path: Path, head: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split(","))
        writer.writerows(rows)
