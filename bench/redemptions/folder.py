"""An import folder bent for a benchmark: all programmes run today, and every rule is on that needs no slot for each holder."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node_api.domain.importing.faults import Fault
from node_api.domain.importing.wallets import DEVICE_PREFIX
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder

_BEFORE, _AFTER = timedelta(days=1), timedelta(days=60)
_RULES = {
    "max_deadline_seconds": "604800",
    "step_up_threshold": "50000",
    "merchant_daily_limit": "1000000000000",
}
"""None of them is reached: a limit that is reached is a refusal, not a redemption."""

Row = dict[str, str]


class FolderUnfit(Exception):
    """The bent folder has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults[:10]))


def bend_folder(source: Path, out: Path) -> ImportFolder:
    """Writes `source` to `out` with one validity for all, the rules above, and every second programme's holders on devices.

    Raises:
        FolderUnfit: `source` has faults.
    """
    now = datetime.now(tz=UTC).replace(microsecond=0)
    begins, ends = (now - _BEFORE).isoformat(), (now + _AFTER).isoformat()
    devices = {row["programme"] for row in _rows(source / "programmes.csv")[::2]}

    def on_device(row: Row) -> Row:
        own = row["programme"] in devices and not row["holder"].startswith(("0x", DEVICE_PREFIX))
        return {**row, "holder": DEVICE_PREFIX + row["holder"]} if own else row

    bent: dict[str, Callable[[Row], Row]] = {
        "programmes.csv": lambda row: {**row, **_RULES, "starts_at": begins, "ends_at": ends, "state": "active"},
        "batches.csv": lambda row: {**row, "valid_from": begins, "valid_until": ends, "claim_days": "0"},
        "holders.csv": on_device,
    }
    out.mkdir(parents=True)
    for path in sorted(source.glob("*.csv")):
        if path.name != "acts.csv":
            _write(out / path.name, [bent.get(path.name, dict)(row) for row in _rows(path)])
    found = check_folder(out)
    if isinstance(found, FaultReport):
        raise FolderUnfit(list(found.faults))
    return found


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
