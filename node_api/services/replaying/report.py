"""The replay's report: one line for each row of redemptions.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from node_api.services.ports.playing import Outcome, Play
from node_api.services.replaying.replay import SKIPPED

COLUMNS = (
    "row", "code", "redeemed_at", "programme", "merchant_id", "receipt", "outcome", "reason", "expected",
    "as_expected", "voucher_ids", "transaction", "block",
)  # fmt: skip


def write_report(path: Path, played: Iterable[tuple[Play, Outcome]]) -> None:
    """Writes the report as it goes; the file takes its name once it is whole."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for play, outcome in played:
            writer.writerows(_lines(play, outcome))
    part.replace(path)


def _lines(play: Play, outcome: Outcome) -> Iterator[tuple[object, ...]]:
    kind = "accepted" if outcome.reason is None else SKIPPED if outcome.reason == SKIPPED else "refused"
    vouchers = ";".join(str(spend.voucher) for spend in play.item.spends)
    for row in play.rows:
        yield (
            row,
            play.code,
            datetime.fromtimestamp(play.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            play.programme,
            play.item.merchant,
            play.receipt.number,
            kind,
            outcome.reason or "" if kind == "refused" else "",
            play.expected or "",
            "" if kind == SKIPPED else "yes" if outcome.reason == play.expected else "no",
            vouchers,
            outcome.transaction or "",
            "" if outcome.block is None else outcome.block,
        )
