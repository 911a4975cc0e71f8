"""Writes the spoiled copy: the folder's own rows, those added for the spoiled ones, and the spoiled ones among the others."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from random import Random
from shutil import copyfile

from node_api.domain.importing import parse, values
from node_api.domain.importing.parse_redemption import REDEMPTIONS
from node_api.domain.importing.rows import MerchantRow, Ref
from node_api.domain.regions import unpack_region
from node_api.loaders.folder_writer import Row, channel_names, iso, joined, write_table
from node_api.loaders.spoil import breakages, signatures
from node_api.loaders.spoil.added import DORMANT, Added, plan_added
from node_api.loaders.spoil.breakages import Break
from node_api.loaders.spoil.codes import SpoiledCode
from node_api.loaders.spoil.rewrite import read_rows, rewrite
from node_api.loaders.spoil.stock import AddedRoll, Stock
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder

REPORT = "spoil-report.json"
EACH = 20
KINDS: tuple[Break, ...] = (
    breakages.no_vouchers,
    breakages.unknown_place,
    breakages.same_twice,
    breakages.two_holders,
    breakages.used_twice,
    breakages.dormant_programme,
    breakages.too_early,
    breakages.too_late,
    breakages.suspended_merchant,
    breakages.wrong_category,
    breakages.wrong_region,
    breakages.wrong_channel,
    breakages.wrong_amount,
    breakages.bill_below_face,
    breakages.bill_below_minimum,
    signatures.stranger_signs,
    signatures.other_merchant_signed,
    signatures.other_bill_signed,
    signatures.other_chain_signed,
    signatures.deadline_passed,
    signatures.deadline_too_far,
    signatures.deadline_unbounded,
    signatures.foreign_terminal,
    signatures.terminal_unsigned,
    signatures.self_redemption,
    signatures.mixed_programmes,
    signatures.not_issued,  # last: it needs batches that nothing else issued
)


class FolderFaulty(Exception):
    """The folder to be spoiled has faults of its own."""

    def __init__(self, report: FaultReport) -> None:
        super().__init__(f"{report.total} faults in the folder, the first: {report.faults[0]}")
        self.report = report


@dataclass(frozen=True, slots=True)
class SpoilReport:
    """What the copy holds.

    Attributes:
        kinds: broken codes by what was broken.
        reasons: broken rows by the refusal expected.
        rows_whole: rows of the original, to be accepted as before.
        rows_sound_added: sound rows added, to be accepted; their face values come on top of what the original redeems.
        amount_sound_added: the sum of those face values, in the token's smallest unit.
    """

    seed: int
    each: int
    kinds: dict[str, int]
    reasons: dict[str, int]
    rows: int
    rows_whole: int
    rows_sound_added: int
    rows_refused: int
    amount_sound_added: int
    vouchers_added: int


def spoil_folder(folder: Path, out: Path, seed: int, each: int = EACH) -> SpoilReport:
    """Writes a spoiled copy of `folder` to `out`; the same folder, seed and `each` give the same bytes.

    Args:
        folder: an import folder without faults and with redemptions.
        out: made if it is missing; files of the same names are replaced. Not `folder` itself.
        seed: of every draw.
        each: broken codes of each kind.

    Raises:
        FolderFaulty: the folder has faults.
        CannotSpoil: some rule cannot be broken alone with what the folder has.
        ValueError: `out` is `folder`.
    """
    if out.resolve() == folder.resolve():
        raise ValueError("a folder is not spoiled in place")
    checked = check_folder(folder)
    if isinstance(checked, FaultReport):
        raise FolderFaulty(checked)
    stock = Stock(checked, Random(seed))
    added = plan_added(stock, each)
    codes = [code for spoil in KINDS for n in range(each) for code in spoil(stock, added, n)]
    out.mkdir(parents=True, exist_ok=True)
    _write_catalogue(folder, out, stock, added)
    _write_rolls(folder, out, stock)
    write_table(out, REDEMPTIONS, _merged(folder, codes), REDEMPTIONS.optional)
    report = _report(checked, stock, codes, seed, each)
    (out / REPORT).write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    return report


def _write_catalogue(folder: Path, out: Path, stock: Stock, added: Added) -> None:
    more, amounts = _needs(stock)
    source = added.dormant_of
    programme = next(r for r in read_rows(folder, parse.PROGRAMMES) if r["programme"] == source.programme)
    dormant = {**programme, "programme": DORMANT, "name": "Spoiled: published, not active", "state": "published"}
    line = next(
        row
        for row in read_rows(folder, parse.BUDGET_LINES)
        if (row["programme"], row["line"]) == (source.programme, str(source.line))
    )
    dormant_line = {**line, "programme": DORMANT, "line": 1, "amount": amounts[DORMANT, 1]}
    batch = next(row for row in read_rows(folder, parse.BATCHES) if row["batch"] == source.ref)
    dormant_batch = {**batch, "batch": added.dormant.ref, "programme": DORMANT, "line": 1, "claim_days": 0}
    dormant_batch["quota"] = more[added.dormant.ref]

    def raise_amount(row: dict[str, str | int]) -> None:
        row["amount"] = int(row["amount"]) + amounts[Ref(str(row["programme"])), int(row["line"])]

    def raise_quota(row: dict[str, str | int]) -> None:
        row["quota"] = int(row["quota"]) + more[Ref(str(row["batch"]))]

    rewrite(folder, out, parse.PROGRAMMES, [dormant])
    rewrite(folder, out, parse.BUDGET_LINES, [dormant_line], raise_amount)
    rewrite(folder, out, parse.MERCHANTS, [_merchant_row(merchant) for merchant in added.merchants])
    rewrite(folder, out, parse.BATCHES, [dormant_batch], raise_quota)
    if (folder / parse.CATEGORIES.file).exists():
        copyfile(folder / parse.CATEGORIES.file, out / parse.CATEGORIES.file)


def _needs(stock: Stock) -> tuple[Counter[Ref], Counter[tuple[Ref, int]]]:
    """What the added issues take from each batch's quota and each budget line."""
    more: Counter[Ref] = Counter()
    amounts: Counter[tuple[Ref, int]] = Counter()
    for roll in stock.rolls.values():
        for batch in roll.batches.values():
            more[batch.ref] += len(roll.holders)
            amounts[batch.programme, batch.line] += batch.face_value * len(roll.holders)
    return more, amounts


def _merchant_row(merchant: MerchantRow) -> Row:
    return {
        "merchant": merchant.ref,
        "name": merchant.name,
        "categories": joined(merchant.categories),
        "region": unpack_region(merchant.region),
        "channels": channel_names(merchant.channels),
        "status": "suspended" if merchant.suspended else "",
        "terminals": ";".join(merchant.terminals),
    }


def _write_rolls(folder: Path, out: Path, stock: Stock) -> None:
    def holder_rows(roll: AddedRoll) -> Iterator[Row]:
        seen: set[str] = set()
        for place, holder in enumerate(roll.holders):
            again = "again" if holder in seen else ""
            seen.add(holder)
            row: Row = {"roll": roll.ref, "programme": roll.programme, "place": place, "holder": holder, "again": again}
            yield row

    rolls = stock.rolls.values()
    rewrite(folder, out, parse.HOLDERS, (row for roll in rolls for row in holder_rows(roll)))
    pairs = ({"batch": batch, "roll": roll.ref} for roll in rolls for batch in roll.batches)
    rewrite(folder, out, parse.ISSUES, pairs)


def _merged(folder: Path, codes: list[SpoiledCode]) -> Iterator[Row]:
    """All rows in the order of their times, numbered anew; at the same second the folder's own come first."""
    entries: list[tuple[int, int, list[Row]]] = []
    for _, group in groupby(read_rows(folder, REDEMPTIONS), itemgetter("code")):
        own: list[Row] = list(group)
        entries.append((values.time(str(own[0]["redeemed_at"])), 0, own))
    entries += ((code.at, 1, [{**row, "redeemed_at": iso(code.at)} for row in code.rows]) for code in codes)
    number = 0
    for code_number, (_, _, rows) in enumerate(sorted(entries, key=itemgetter(0, 1)), 1):
        for row in rows:
            number += 1
            yield {**row, "row": number, "code": code_number}


def _report(checked: ImportFolder, stock: Stock, codes: list[SpoiledCode], seed: int, each: int) -> SpoilReport:
    faces = {batch.ref: batch.face_value for batch in checked.batches}
    sound = [row for code in codes if not code.reason for row in code.rows]
    reasons: Counter[str] = Counter()
    for code in codes:
        if code.reason:
            reasons[code.reason] += len(code.rows)
    whole = checked.redemption_count
    return SpoilReport(
        seed=seed,
        each=each,
        kinds=dict(sorted(Counter(code.kind for code in codes if code.reason).items())),
        reasons=dict(sorted(reasons.items())),
        rows=whole + len(sound) + sum(reasons.values()),
        rows_whole=whole,
        rows_sound_added=len(sound),
        rows_refused=sum(reasons.values()),
        amount_sound_added=sum(faces[Ref(str(row["batch"]))] for row in sound),
        vouchers_added=sum(len(roll.holders) * len(roll.batches) for roll in stock.rolls.values()),
    )
