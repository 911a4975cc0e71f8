"""Writes the spoiled copy: the folder's own rows, those added for the spoiled ones, and the spoiled ones among the others."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from shutil import copyfile

from node_api.domain.ids import Amount
from node_api.domain.importing import parse
from node_api.domain.importing.acts import ACTS
from node_api.domain.importing.parse_redemption import REDEMPTIONS
from node_api.domain.importing.rows import MerchantRow, Ref
from node_api.domain.printable import counted
from node_api.domain.regions import unpack_region
from node_api.loaders.folder_writer import Row, channel_names, joined, write_table
from node_api.loaders.spoil import breakages, kinds, limits, open_codes, signatures, standing
from node_api.loaders.spoil.added import Added, AddedProgramme, plan_added
from node_api.loaders.spoil.breakages import Break
from node_api.loaders.spoil.merged import Merged
from node_api.loaders.spoil.rewrite import read_rows, rewrite
from node_api.loaders.spoil.spoiled import SpoiledCode
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
    kinds.amount_outside,
    kinds.wrong_sequence,
    kinds.nothing_off,
    open_codes.not_allowed,
    open_codes.unanswered,
    open_codes.too_far,
    open_codes.bill_too_high,
    open_codes.limit_passed,
    limits.no_consent,
    limits.redemption_limit,
    limits.day_limit,
    limits.month_limit,
    limits.not_first,
    limits.merchant_limit,
    limits.terminal_limit,
    standing.frozen,
    standing.frozen_merchant,
    standing.revoked,
    standing.paused,
    standing.booked,
    standing.lapse_passed,
    standing.lapse_beyond,
    standing.used_after_reversal,
    standing.passed_on,
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
        super().__init__(f"{counted(report.total, 'fault')} in the folder, the first: {report.faults[0]}")
        self.report = report


@dataclass(frozen=True, slots=True)
class SpoilReport:
    """What the copy holds.

    Attributes:
        kinds: broken codes by what was broken.
        reasons: broken rows by the refusal expected.
        rows_whole: rows of the original, to be accepted as before.
        rows_sound_added: sound rows added, to be accepted; their face values come on top of what the original redeems.
        acts: what is done between the rows, so that others can be refused.
        acts_refused: those of them that are refused themselves, by the refusal expected.
        amount_sound_added: the sum of those face values, less what acts take back, in the token's smallest unit.
    """

    seed: int
    each: int
    kinds: dict[str, int]
    reasons: dict[str, int]
    rows: int
    rows_whole: int
    rows_sound_added: int
    rows_refused: int
    acts: int
    acts_refused: dict[str, int]
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
    merged = Merged(folder, codes, stock.acts)
    write_table(out, REDEMPTIONS, merged.redemptions(), REDEMPTIONS.optional)
    write_table(out, ACTS, merged.acts(), ACTS.optional)
    report = _report(checked, stock, added, codes, seed, each)
    (out / REPORT).write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    return report


def _write_catalogue(folder: Path, out: Path, stock: Stock, added: Added) -> None:
    more, amounts = _needs(stock)

    def raise_amount(row: dict[str, str | int]) -> None:
        row["amount"] = int(row["amount"]) + amounts[Ref(str(row["programme"])), int(row["line"])]

    def raise_quota(row: dict[str, str | int]) -> None:
        row["quota"] = int(row["quota"]) + more[Ref(str(row["batch"]))]

    copies = [_copies(folder, one, more, amounts) for one in added.programmes.values()]
    rewrite(folder, out, parse.PROGRAMMES, [programme for programme, _, _ in copies])
    rewrite(folder, out, parse.BUDGET_LINES, [line for _, line, _ in copies], raise_amount)
    rewrite(folder, out, parse.MERCHANTS, [_merchant_row(merchant) for merchant in added.merchants])
    rewrite(folder, out, parse.BATCHES, [batch for _, _, batch in copies], raise_quota)
    if (folder / parse.CATEGORIES.file).exists():
        copyfile(folder / parse.CATEGORIES.file, out / parse.CATEGORIES.file)


def _copies(
    folder: Path, added: AddedProgramme, more: Counter[Ref], amounts: Counter[tuple[Ref, int]]
) -> tuple[Row, Row, Row]:
    """The rows of an added programme, its line and its batch: those they copy, but for what is its own."""
    like, batch = added.like, added.batch
    programme = next(row for row in read_rows(folder, parse.PROGRAMMES) if row["programme"] == like.programme)
    of_line = (like.programme, str(like.line))
    line = next(row for row in read_rows(folder, parse.BUDGET_LINES) if (row["programme"], row["line"]) == of_line)
    terms = next(row for row in read_rows(folder, parse.BATCHES) if row["batch"] == like.ref)
    own = {"programme": batch.programme}
    kind: Row = {"kind": batch.kind.name.lower(), "percentage": batch.percentage or ""}
    return (
        {**programme, **own, "name": added.name, **added.columns},
        {**line, **own, "line": batch.line, "amount": amounts[batch.programme, batch.line]},
        {**terms, **own, "batch": batch.ref, "line": batch.line, "claim_days": 0, "quota": more[batch.ref], **kind},
    )


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
        "terminal_limit": merchant.terminal_limit or "",
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


def _report(
    checked: ImportFolder, stock: Stock, added: Added, codes: list[SpoiledCode], seed: int, each: int
) -> SpoilReport:
    batches = (*checked.batches, *(one.batch for one in added.programmes.values()))
    faces = {batch.ref: batch.face_value for batch in batches}
    sound = [row for code in codes if not code.reason for row in code.rows]
    taken_back = [row for act in stock.acts if act.of for row in act.of.rows]
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
        acts=len(stock.acts),
        acts_refused=dict(Counter(str(act.row["expected"]) for act in stock.acts if "expected" in act.row)),
        amount_sound_added=_faces(sound, faces) - _faces(taken_back, faces),
        vouchers_added=sum(len(roll.holders) * len(roll.batches) for roll in stock.rolls.values()),
    )


def _faces(rows: Iterable[Row], faces: Mapping[Ref, Amount]) -> int:
    return sum(faces[Ref(str(row["batch"]))] for row in rows)
