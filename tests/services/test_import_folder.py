"""Checking an import folder.

check_folder
├── when the folder is sound
│   ├── gives its rows, packed and in order
│   ├── takes BOM, CRLF, other column orders, quoted fields, blank lines
│   └── streams redemptions again; says so when they were changed meanwhile
├── when a file or its header is bad (told in one line a terminal prints and does not act on)
│   └── tells it once and checks the other files all the same
├── when a cell is bad: file, line, column, rule, remedy of that cell
├── when a programme allows open codes: both bounds, or neither; a row of one is as sound as any
├── when an attestor consents to a row, it is as sound as any
├── when rows do not fit each other: the row that does not fit
└── when faults are many: all counted, the first thousand kept
"""

import tracemalloc
from pathlib import Path

import pytest

from node_api.domain.importing.faults import Fault
from node_api.domain.importing.rows import by_code, counted_bill
from node_api.domain.importing.wallets import Wallet
from node_api.domain.regions import EVERYWHERE, pack_region
from node_api.services.import_folder import FaultReport, ImportFolder, RedemptionsChanged, check_folder
from tests.folders import SMALL, bent, write_folder


def sound(path: Path) -> ImportFolder:
    found = check_folder(path)
    assert isinstance(found, ImportFolder), found
    return found


def faults_of(path: Path) -> tuple[Fault, ...]:
    found = check_folder(path)
    assert isinstance(found, FaultReport)
    assert found.total == len(found.faults)
    return found.faults


def test_check_folder__when_sound__then_gives_rows(tmp_path: Path) -> None:
    folder = sound(write_folder(tmp_path))

    spring = folder.programmes[0]
    assert (spring.starts_at, spring.region, spring.categories, spring.channels) == (
        1772294400,
        pack_region("37"),
        6,
        3,
    )
    assert (spring.approvals, spring.document, spring.active) == (1, None, True)
    assert folder.budget_lines[1].funding_region == EVERYWHERE
    assert folder.merchants[0].payout == "canteen"
    assert [(batch.face_value, batch.minimum_spend) for batch in folder.batches] == [(2000, 5000), (5000, 20000)]
    assert [(roll.ref, roll.custodial, roll.places) for roll in folder.rolls] == [("first", True, 3), ("own", False, 2)]
    assert folder.rolls[0].holders() == ["person-1", "person-2", "person-1"]
    assert folder.rolls[1].holders() == ["0x00000000000000000000000000000000000000bb", "device:phone"]
    assert (folder.voucher_count, folder.redemption_count, len(folder.categories)) == (8, 3, 2)


def test_redemptions__when_read__then_rows_with_bills_and_tampering(tmp_path: Path) -> None:
    first, second, third = sound(write_folder(tmp_path)).redemptions()

    assert first.redeemed_at == second.redeemed_at - 1 == 1772424000
    assert counted_bill(first.items, 0b010) == 9000
    assert counted_bill(first.items, 0b110) == 9100
    assert (first.deadline, first.expected, first.tampering.is_honest) == (1772424300, None, True)
    assert (third.expected, third.tampering.signer) == ("SignatureInvalid", Wallet("device:thief"))
    assert [len(code) for code in by_code(iter([first, second, third]))] == [1, 1, 1]


def test_redemptions__when_file_changed_since__then_says_so(tmp_path: Path) -> None:
    folder = sound(write_folder(tmp_path))
    write_folder(tmp_path, **bent("redemptions", "1:9000;2:100", "1:9.50"))
    with pytest.raises(RedemptionsChanged, match=r"redemptions\.csv:2 items"):
        list(folder.redemptions())


def test_check_folder__when_optional_files_missing__then_sound(tmp_path: Path) -> None:
    folder = sound(write_folder(tmp_path, redemptions=None, categories=None))
    assert list(folder.redemptions()) == []


def test_check_folder__when_bom_crlf_and_quotes__then_sound(tmp_path: Path) -> None:
    changed: dict[str, str | bytes | None] = {
        file.removesuffix(".csv"): b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for file, text in SMALL.items()
    }
    changed["merchants"] = (
        "region,merchant,channels,categories,name\r\n\r\n"
        '370102,canteen,store,1,"The ""big"", the Canteen"\r\n3702,hotel,store;online,2,H\n'
    )
    folder = sound(write_folder(tmp_path, **changed))
    assert folder.merchants[0].name == 'The "big", the Canteen'


@pytest.mark.parametrize(
    ("seconds", "bill", "column"),
    [("300", "20000", None), ("0", "0", None), ("", "", None), ("301", "20000", "open_seconds"), ("60", "", "open_max_bill"),
     ("0", "1", "open_max_bill"), ("60", str(2**40), "open_max_bill")],
)  # fmt: skip
def test_check_folder__open_codes__have_both_bounds_or_none(
    tmp_path: Path, seconds: str, bill: str, column: str | None
) -> None:
    head, row = SMALL["programmes.csv"].splitlines()
    path = write_folder(tmp_path, programmes=f"{head},open_seconds,open_max_bill\n{row},{seconds},{bill}\n")
    if column is not None:
        assert [fault.column for fault in faults_of(path) if fault.file == "programmes.csv"] == [column]
        return
    limits = sound(path).programmes[0].limits
    assert (limits.open_seconds, limits.open_max_bill) == (int(seconds or 0), int(bill or 0))


def test_check_folder__row_of_an_open_code__is_a_sound_one(tmp_path: Path) -> None:
    head, row = SMALL["redemptions.csv"].splitlines()[:2]
    folder = sound(write_folder(tmp_path, redemptions=f"{head},max_bill\n{row},9100\n"))
    (read,) = folder.redemptions()
    assert (read.max_bill, read.tampering.is_honest) == (9_100, True)


@pytest.mark.parametrize(("cell", "consented"), [("yes", True), ("no", False), ("", False)])
def test_check_folder__row_with_a_consent__is_a_sound_one(tmp_path: Path, cell: str, consented: bool) -> None:
    head, row = SMALL["redemptions.csv"].splitlines()[:2]
    (read,) = sound(write_folder(tmp_path, redemptions=f"{head},consent\n{row},{cell}\n")).redemptions()
    assert (read.consented, read.tampering.is_honest) == (consented, True)


@pytest.mark.parametrize(("column", "cell"), [("consent", "yes"), ("max_bill", "9100")])
def test_check_folder__half_a_code_differs__is_a_fault(tmp_path: Path, column: str, cell: str) -> None:
    head, row = SMALL["redemptions.csv"].splitlines()[:2]
    other = row.replace("1,1,", "2,1,", 1).replace("first,0", "first,1")
    (fault,) = faults_of(write_folder(tmp_path, redemptions=f"{head},{column}\n{row},\n{other},{cell}\n"))
    assert (fault.line, fault.column, fault.rule) == (3, column, "what is signed together agrees")


@pytest.mark.parametrize(("rows", "lines"), [(100, []), (101, [102]), (103, [102])])
def test_check_folder__code_of_many_vouchers__is_a_fault_above_a_hundred(
    tmp_path: Path, rows: int, lines: list[int]
) -> None:
    head, _, _, row = SMALL["redemptions.csv"].splitlines()
    text = "\n".join([head, *(row.replace("3,3,", f"{n},3,", 1) for n in range(1, rows + 1))]) + "\n"
    path = write_folder(tmp_path, redemptions=text)
    if not lines:
        assert sound(path).redemption_count == rows
        return
    assert [(fault.line, fault.column, fault.rule) for fault in faults_of(path)] == [
        (line, "code", "a code has at most 100 vouchers") for line in lines
    ]


def test_redemptions__signed_in_the_first_hour_there_is__have_no_deadline_before_it(tmp_path: Path) -> None:
    head, _, _, row = SMALL["redemptions.csv"].splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True)) | {
        "deadline_seconds": "-3600", "signed_at": "1970-01-01T00:00:01Z", "expected": "DeadlinePassed",
    }  # fmt: skip
    text = ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"
    (read,) = sound(write_folder(tmp_path, redemptions=text)).redemptions()
    assert read.deadline == 0


def test_check_folder__when_missing__then_one_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert (fault.file, fault.line, fault.rule) == ("", 0, "the import folder does not exist")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"batches": None}, [("batches.csv", 0, "")]),
        ({"batches": ""}, [("batches.csv", 1, "")]),
        ({"batches": b"\xff\xfeb\0a\0"}, [("batches.csv", 1, "")]),
        (bent("batches", ",quota", ""), [("batches.csv", 1, "quota")]),
        (
            bent("batches", "face_value", "face_yuan"),
            [("batches.csv", 1, "face_value"), ("batches.csv", 1, "face_yuan")],
        ),
        (bent("batches", ",quota", ",quota,quota"), [("batches.csv", 1, "quota")]),
        (bent("batches", ",0,10\n", ",0,10,7\n"), [("batches.csv", 2, "")]),
        (bent("merchants", "The Canteen", "The\0Canteen"), [("merchants.csv", 2, "")]),
        ({"merchants": SMALL["merchants.csv"].encode().replace(b"The H", b"\xe9")}, [("merchants.csv", 3, "")]),
        (bent("merchants", "The Canteen", '"The Canteen"x'), [("merchants.csv", 2, "")]),
        ({"categories": SMALL["categories.csv"].removesuffix("ism\n")}, [("categories.csv", 3, "")]),
        ({"budget_lines": SMALL["budget_lines.csv"].removesuffix("\n")}, [("budget_lines.csv", 3, "")]),
    ],
)
def test_check_folder__when_file_is_bad__then_told_once(
    tmp_path: Path, changed: dict[str, str | bytes | None], expected: list[tuple[str, int, str]]
) -> None:
    faults = faults_of(write_folder(tmp_path, **changed, redemptions=None))
    assert [(fault.file, fault.line, fault.column) for fault in faults] == expected


def test_fault__of_a_header_with_controls__is_one_harmless_line(tmp_path: Path) -> None:
    path = write_folder(tmp_path, **bent("batches", "face_value", "face\x1b[2Jvalue" * 40), redemptions=None)
    missing, unknown = faults_of(path)
    assert len(unknown.column) == 80
    for told in (str(missing), str(unknown)):
        assert r"\x1b[2J" in told
        assert told.isprintable()


def test_check_folder__when_file_unusable__then_others_are_checked_all_the_same(tmp_path: Path) -> None:
    path = write_folder(
        tmp_path, programmes=None, **bent("batches", ",2000,", ",20.00,"), **bent("issues", "own", "no")
    )
    assert [str(fault).split(": ")[0] for fault in faults_of(path)] == [
        "programmes.csv:0",
        "batches.csv:2 face_value",
        "issues.csv:4 roll",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "remedy"),
    [
        ("batches", ",2000,5000,", ",20.00,5000,", 2, "face_value", "write 12.50 as 1250"),
        ("batches", ",2000,5000,", ",-2000,5000,", 2, "face_value", "within 1"),
        ("batches", ",2000,5000,", f",{2**256},5000,", 2, "face_value", "within 1"),
        ("batches", ",2000,5000,", ",２０００,5000,", 2, "face_value", "digits 0-9"),
        ("batches", ",2000,5000,", ",,5000,", 2, "face_value", "fill it in"),
        ("batches", ",2000,5000,", ",0,5000,", 2, "face_value", "within 1"),
        ("batches", ",2000,5000,", ",2 000,5000,", 2, "face_value", "digits 0-9"),
        ("batches", ",2000,5000,", ",2000,281474976710656,", 2, "minimum_spend", "within 0"),
        ("batches", "spring,1,fixed", "spring,1,percentage", 2, "percentage", "10 % is written 1000"),
        ("batches", "spring,1,fixed", "spring,1,gift", 2, "kind", "use one of these words"),
        ("batches", "meal,", "me al,", 2, "batch", "rename"),
        ("batches", "+08:00,2026-04", ",2026-04", 2, "valid_from", "offset"),
        ("batches", "2026-04-01T", "2026-04-31T", 2, "valid_until", "does not exist"),
        ("batches", "2026-04-01T", "2026-03-01T", 2, "valid_until", "first second"),
        ("batches", ",1,37,store", ",1;1,37,store", 2, "categories", "take the second"),
        ("batches", ",1,37,store", ",64,37,store", 2, "categories", "within 0"),
        ("batches", ",1,37,store", ",1,37x,store", 2, "region", "without letters"),
        ("batches", ",1,37,store", ",1,37,shop", 2, "channels", "one of these names"),
        ("batches", ",0,10\n", ",65536,10\n", 2, "claim_days", "within 0"),
        ("merchants", "370102", "*", 2, "region", "without letters"),
        ("merchants", "The Canteen", "", 2, "name", "fill it in"),
        ("budget_lines", "0x00000000000000000000000000000000000000aa", "0x" + "0" * 40, 3, "funder", "holder's address"),
        ("budget_lines", "0x00000000000000000000000000000000000000aa", "0xaa", 3, "funder", "whole address"),
        ("holders", "0x00000000000000000000000000000000000000Bb", "0x" + "0" * 40, 5, "holder", "leave the place out"),
        ("programmes", "CNYT", "cny", 2, "token", "symbol"),
        ("programmes", ",480,", ",900,", 2, "utc_offset_minutes", "within -720"),
        ("categories", "2,Tourism", "1,Tourism", 3, "category", "on line 2"),
        ("redemptions", "1:9000;2:100", "1;9000", 2, "items", "7:1299"),
        ("redemptions", "1:9000;2:100", f"1:9000;2:{2**53}", 2, "items", "within 1 and 9,007,199,254,740,991"),
        ("redemptions", "store,r-1", "shop,r-1", 2, "channel", "lower case"),
        ("redemptions", "AlreadyRedeemed", "Spent", 3, "expected", "one of these words"),
        ("redemptions", "device:thief", "thief", 4, "signer", "device:thief"),
    ],
)  # fmt: skip
def test_check_folder__when_cell_is_bad__then_names_it(
    tmp_path: Path, file: str, old: str, new: str, line: int, column: str, remedy: str
) -> None:
    faults = faults_of(write_folder(tmp_path, **bent(file, old, new)))
    fault = faults[0]
    assert len(faults) == 1
    assert (fault.file, fault.line, fault.column) == (f"{file}.csv", line, column)
    assert remedy in fault.remedy
    assert fault.rule


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "rule"),
    [
        ("programmes", "37,1;2", "37,1", 3, "categories", "within programme spring"),
        ("programmes", "2026-03-01", "2026-03-02", 2, "valid_from", "within programme spring"),
        ("programmes", "2026-06-01", "2026-05-01", 3, "valid_until", "within programme spring"),
        ("programmes", "store;online", "store", 3, "channels", "within programme spring"),
        ("batches", "meal,spring,1,fixed,2000,5000,1,37", "meal,spring,1,fixed,2000,5000,1,*", 2, "region", "within"),
        ("batches", "night,spring", "meal,spring", 3, "batch", "stands there once"),
        ("batches", "spring,1,fixed", "spring,3,fixed", 2, "line", "no such budget line"),
        ("batches", "spring,1,fixed", "autumn,1,fixed", 2, "programme", "no such programme"),
        ("budget_lines", "spring,2,", "spring,3,", 3, "line", "without gaps"),
        ("budget_lines", "100000", "9999", 4, "batch", "stay within its amount"),
        ("batches", "0,10\n", "0,4\n", 4, "batch", "stay within its quota"),
        ("holders", "first,spring,1,", "first,spring,2,", 3, "place", "0, 1, 2"),
        ("holders", "person-1,again", "person-1,", 4, "holder", "another place"),
        ("holders", "person-2,", "person-2,again", 3, "again", "another place"),
        ("holders", "device:phone", "person-9", 6, "holder", "one custody"),
        ("holders", "own,spring,1,device:phone", "first,spring,3,person-9", 6, "roll", "stand together"),
        ("issues", "meal,own", "meal,first", 4, "roll", "issued to a roll once"),
        ("issues", "meal,own", "meal,gone", 4, "roll", "no such roll"),
        ("redemptions", "spring,meal,first,0", "spring,night,own,0", 2, "roll", "is issued to the roll"),
        ("redemptions", "meal,first,0", "meal,first,3", 2, "place", "3 places"),
        ("redemptions", "canteen", "kiosk", 2, "merchant", "no such merchant"),
        ("redemptions", "3,3,", "2,3,", 4, "row", "rise"),
        ("redemptions", "04:00:02Z", "04:00:00Z", 4, "redeemed_at", "order of their times"),
        ("redemptions", "3,3,", "3,1,", 4, "code", "never fall"),
        ("redemptions", "thief,SignatureInvalid", "thief,", 4, "expected", "one to be refused"),
        ("redemptions", "device:thief,SignatureInvalid", ",VouchersMissing", 4, "batch", "holds no voucher"),
        ("redemptions", "3,3,2026-03-02T04:00:02Z", "3,2,2026-03-02T04:00:02Z", 4, "redeemed_at", "agrees"),
    ],
)  # fmt: skip
def test_check_folder__when_rows_do_not_fit__then_names_the_row(
    tmp_path: Path, file: str, old: str, new: str, line: int, column: str, rule: str
) -> None:
    faults = faults_of(write_folder(tmp_path, **bent(file, old, new)))
    assert any((fault.line, fault.column) == (line, column) and rule in fault.rule for fault in faults), faults


def test_check_folder__when_programme_has_no_line__then_fault(tmp_path: Path) -> None:
    text = SMALL["programmes.csv"]
    path = write_folder(tmp_path, programmes=text + text.splitlines(keepends=True)[1].replace("spring", "autumn"))
    (fault,) = faults_of(path)
    assert (fault.file, fault.line, fault.value) == ("programmes.csv", 3, "autumn")


def test_check_folder__when_roll_is_too_long__then_every_place_beyond(tmp_path: Path) -> None:
    def holders(count: int) -> str:
        return "roll,programme,place,holder\n" + "".join(f"big,spring,{n},person-{n}\n" for n in range(count))

    changed = {"issues": "batch,roll\n", "redemptions": None}
    assert sound(write_folder(tmp_path / "full", holders=holders(1228), **changed)).rolls[0].places == 1228
    faults = faults_of(write_folder(tmp_path / "over", holders=holders(1230), **changed))
    assert [(fault.line, fault.column, fault.value) for fault in faults] == [
        (1230, "place", "1228"),
        (1231, "place", "1229"),
    ]


def test_check_folder__when_terminal_is_shared__then_fault(tmp_path: Path) -> None:
    merchants = (
        "merchant,name,categories,region,channels,terminals\n"
        "canteen,C,1,370102,store,device:till;device:till-2\nhotel,H,2,3702,store;online,device:till\n"
    )
    (fault,) = faults_of(write_folder(tmp_path, merchants=merchants))
    assert (fault.line, fault.column, fault.rule) == (3, "terminals", "a terminal belongs to one merchant")


def test_check_folder__when_checksum_is_wrong__then_fault(tmp_path: Path) -> None:
    found = check_folder(write_folder(tmp_path), checksum=lambda address: not address.endswith("Bb"))
    assert isinstance(found, FaultReport)
    assert [(fault.file, fault.line, fault.column) for fault in found.faults] == [("holders.csv", 5, "holder")]


def test_check_folder__when_a_device_stands_beside_an_address__then_it_needs_no_checksum(tmp_path: Path) -> None:
    terminals = "device:Till-1;0x" + "ab" * 20 + ";device:till-0xAb"
    lines = [line.split(",") for line in SMALL["merchants.csv"].splitlines()]
    lines[0].append("terminals")
    lines[1].append(terminals)
    for line in lines[2:]:
        line.append("")
    merchants = "".join(",".join(line) + "\n" for line in lines)
    found = check_folder(
        write_folder(tmp_path, merchants=merchants, redemptions=None), checksum=lambda address: address.endswith("Bb")
    )
    assert not isinstance(found, FaultReport), found.faults


def test_check_folder__when_an_address_begins_with_a_capital_x__then_it_is_no_reference(tmp_path: Path) -> None:
    capital = "0X" + "AB" * 20
    header, *rows = SMALL["holders.csv"].splitlines()
    at = header.split(",").index("holder")
    cells = rows[1].split(",")
    cells[at] = capital
    holders = "".join(line + "\n" for line in (header, rows[0], ",".join(cells), *rows[2:]))
    merchants = "merchant,name,categories,region,channels,payout\n"
    merchants += f"canteen,C,1,370102,store,{capital}\nhotel,H,2,3702,store;online,0Xylophone\n"
    faults = faults_of(write_folder(tmp_path, holders=holders, merchants=merchants, redemptions=None))
    assert [(fault.file, fault.line, fault.column, fault.remedy) for fault in faults] == [
        ("merchants.csv", 2, "payout", "write its 0x with a small x"),
        ("holders.csv", 3, "holder", "write its 0x with a small x"),
    ]


def test_check_folder__when_faults_are_many__then_all_counted_and_first_kept(tmp_path: Path) -> None:
    rows = "".join(f"batch-{n},no-roll\n" for n in range(3_000))
    found = check_folder(write_folder(tmp_path, issues="batch,roll\n" + rows, redemptions=None))
    assert isinstance(found, FaultReport)
    assert (found.total, len(found.faults), found.faults[999].line) == (6_000, 1_000, 501)


def test_check_folder__when_line_has_no_end__then_a_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    text = SMALL["issues.csv"].replace("night,first", "x" * 3_000_000).replace("meal,own", "meal,gone")
    faults = faults_of(write_folder(tmp_path, issues=text, redemptions=None))
    assert [(fault.line, fault.rule[:30]) for fault in faults] == [
        (3, "a line has at most 1 MiB"),
        (4, "no such roll in holders.csv"),
    ]


def test_check_folder__when_reading__then_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}

    def progress(file: str, done: int, total: int) -> None:
        told[file] = (done, total)

    check_folder(write_folder(tmp_path), progress=progress)
    assert set(told) == set(SMALL)
    assert all(done == total > 0 for done, total in told.values())


def test_check_folder__when_redemptions_are_many__then_memory_stays_small(tmp_path: Path) -> None:
    head, first, *_ = SMALL["redemptions.csv"].splitlines()
    tail = first.split(",", 2)[2]
    rows = "".join(f"{n},{n},{tail}\n" for n in range(1, 12_001))
    path = write_folder(tmp_path, redemptions=f"{head}\n{rows}")
    del rows
    tracemalloc.start()
    try:
        folder = sound(path)
        assert sum(1 for _ in folder.redemptions()) == 12_000
        assert tracemalloc.get_traced_memory()[1] < 500_000 < 1_000_000 < (path / "redemptions.csv").stat().st_size
    finally:
        tracemalloc.stop()


def test_check_folder__when_holders_are_many__then_a_place_costs_its_text(tmp_path: Path) -> None:
    rows = "".join(f"roll-{n // 1000},spring,{n % 1000},person-{n:06}\n" for n in range(100_000))
    path = write_folder(
        tmp_path, holders="roll,programme,place,holder\n" + rows, issues="batch,roll\n", redemptions=None
    )
    folder = sound(path)
    assert sum(roll.places for roll in folder.rolls) == 100_000
    assert sum(len(roll.packed) for roll in folder.rolls) <= 100_000 * len("person-000000 ")
