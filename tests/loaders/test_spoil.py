"""Spoiled copies.

spoil
├── the copy has no fault, and rows left whole are as they were
├── the domain's rules refuse every broken row for the reason it names, and accept all others
├── every refusal that a redemption can meet occurs twenty times or more, or is named with the reason why it cannot
├── a voucher passed on is refused to its old holder, by a code signed before or behind that
├── the same seed writes the same bytes, another one does not
└── refuses: a folder with faults, one without redemptions, one that is its own copy, one too small for a rule
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from node_api.domain.importing.acts import ActKind
from node_api.domain.importing.reasons import EXPECTABLE, OF_BOOKINGS
from node_api.domain.refusals import REFUSALS
from node_api.loaders.completejourney.load import LoaderReport
from node_api.loaders.spoil.merged import Merged
from node_api.loaders.spoil.spoil import FolderFaulty, SpoilReport, spoil_folder
from node_api.loaders.spoil.stock import CannotSpoil
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder
from tests.folders import SMALL, bent, write_folder
from tests.loaders.oracle import Oracle, money

NOT_REPLAYED = {
    "BillMismatch": "the player sends the bill that it adds up from the row's items",
    "ReceiptUsed": "the node's own rule: each code has a receipt of its own, and straight to the contract it is none",
}
"""Refusals that no replayed redemption can meet, and why."""


@pytest.fixture(scope="module")
def spoiled(journey: tuple[Path, LoaderReport], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SpoilReport]:
    out = tmp_path_factory.mktemp("spoiled")
    return out, spoil_folder(journey[0], out, seed=7)


@pytest.fixture(scope="module")
def checked(spoiled: tuple[Path, SpoilReport]) -> ImportFolder:
    found = check_folder(spoiled[0])
    assert not isinstance(found, FaultReport), found.faults[:3]
    return found


def test_spoil__when_judged__then_every_row_meets_what_it_expects(checked: ImportFolder) -> None:
    wrong = [(rows[0].row, rows[0].expected, met) for rows, met in Oracle(checked).play() if met != rows[0].expected]
    assert wrong == []


def test_spoil__when_counted__then_twenty_of_every_refusal(
    checked: ImportFolder, spoiled: tuple[Path, SpoilReport]
) -> None:
    report = spoiled[1]
    codes = Counter(rows[0].expected for rows, _ in Oracle(checked).play())
    assert set(codes) == {None, *EXPECTABLE}
    assert min(codes.values()) >= 20
    rows = Counter(row.expected for row in checked.redemptions())
    assert {reason: count for reason, count in rows.items() if reason} == report.reasons
    assert (report.rows_whole, report.rows_sound_added, report.rows) == (2_102, 160, checked.redemption_count)
    assert report.acts_refused == dict.fromkeys(OF_BOOKINGS, 20)
    assert checked.voucher_count == 800_226 + report.vouchers_added


def test_spoil__when_compared_with_the_rules__then_none_is_left_out(spoiled: tuple[Path, SpoilReport]) -> None:
    report = spoiled[1]
    assert {*report.reasons, *report.acts_refused, *NOT_REPLAYED} == set(REFUSALS)
    assert not {*report.reasons, *report.acts_refused} & set(NOT_REPLAYED)


def test_spoil__when_passed_on__then_refused_to_the_old_holder(checked: ImportFolder) -> None:
    moved = {(act.batch, act.roll, act.place): act for act in checked.acts if act.kind is ActKind.TRANSFER}
    spent = [
        (row, moved[key])
        for row in checked.redemptions()
        if row.voucher and (key := (row.voucher.batch, row.voucher.roll, row.voucher.place)) in moved
    ]
    assert len(spent) == len(moved) == 20
    assert {row.expected for row, _ in spent} == {"SignatureInvalid"}
    assert {row.tampering.signer for row, _ in spent} == {None}, "signed by who stands in the roll"
    assert Counter(row.signed_at < act.at <= row.redeemed_at for row, act in spent) == {True: 10, False: 10}


def test_spoil__when_sound_rows_are_added__then_their_money_is_told(
    checked: ImportFolder, spoiled: tuple[Path, SpoilReport], real: ImportFolder
) -> None:
    taken_back = {act.code for act in checked.acts if act.kind is ActKind.REVERSE}
    sound = [rows for rows, met in Oracle(checked).play() if met is None and rows[0].code not in taken_back]
    accepted = sum(money(rows, checked) for rows in sound)
    before = sum(money(rows, real) for rows, _ in Oracle(real).play())
    assert accepted - before == spoiled[1].amount_sound_added > 0


def test_spoil__when_rows_are_left_whole__then_unchanged_but_for_their_numbers(
    journey: tuple[Path, LoaderReport], spoiled: tuple[Path, SpoilReport]
) -> None:
    def rows(folder: Path) -> list[dict[str, str]]:
        with (folder / "redemptions.csv").open(encoding="utf-8", newline="") as stream:
            found = [row for row in csv.DictReader(stream) if "spoil-" not in row["receipt"]]
        return [{k: v for k, v in row.items() if v and k not in {"row", "code"}} for row in found]

    assert rows(spoiled[0]) == rows(journey[0])


def test_spoil__when_seeded__then_same_seed_same_bytes(
    journey: tuple[Path, LoaderReport], spoiled: tuple[Path, SpoilReport], tmp_path: Path
) -> None:
    spoil_folder(journey[0], tmp_path / "same", seed=7)
    spoil_folder(journey[0], tmp_path / "other", seed=8)
    for path in spoiled[0].iterdir():
        assert path.read_bytes() == (tmp_path / "same" / path.name).read_bytes()
    other = (tmp_path / "other" / "redemptions.csv").read_bytes()
    assert other != (spoiled[0] / "redemptions.csv").read_bytes()


def test_spoil__when_folder_has_faults__then_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", **bent("batches", ",2000,", ",20.00,"))
    with pytest.raises(FolderFaulty, match="1 fault in the folder"):
        spoil_folder(folder, tmp_path / "out", seed=1)
    assert not (tmp_path / "out").exists()


def test_spoil__when_no_redemptions__then_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotSpoil, match="missing or empty"):
        spoil_folder(write_folder(tmp_path / "in", redemptions=None), tmp_path / "out", seed=1)


def test_spoil__when_folder_is_too_small__then_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotSpoil):
        spoil_folder(write_folder(tmp_path / "in"), tmp_path / "out", seed=1)


def test_spoil__when_in_place__then_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in place"):
        spoil_folder(write_folder(tmp_path), tmp_path, seed=1)


def test_merged__when_own_rows_repeat_a_code__then_it_is_named_by_its_new_number(tmp_path: Path) -> None:
    head, first, second, third = SMALL["redemptions.csv"].splitlines()
    rows = [first.replace("1,1,", "1,10,", 1), second.replace("2,2,", "2,20,", 1), third.replace("3,3,", "3,30,", 1)]
    text = "\n".join([f"{head},repeats", f"{rows[0]},", f"{rows[1]},10", f"{rows[2]},20"]) + "\n"
    merged = list(Merged(write_folder(tmp_path, redemptions=text), [], []).redemptions())
    assert [(row["code"], row["repeats"]) for row in merged] == [(1, ""), (2, 1), (3, 2)]
