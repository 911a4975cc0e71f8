"""Checks of acts.csv, and of the columns of limits.

acts
├── sound → rows in order, each with what its kind needs
├── what a kind needs is missing, or something else is filled in → a fault of that column
├── numbers or times that fall, an end before its beginning, an unknown reference → a fault
├── about a code that redemptions.csv does not have → a fault of the act
└── repeats and signed_at → only where a refusal is expected
limits of programmes and terminals
├── given → in the rows
└── beyond their bounds → a fault
"""

from pathlib import Path

import pytest

from node_api.domain.importing.acts import ActKind
from node_api.domain.importing.faults import Fault
from node_api.domain.importing.rows import Limits
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder
from tests.folders import SMALL, write_folder

HEAD = "act,at,kind,programme,batch,roll,place,merchant,code,until,by,terms,decision,reason\n"
TIME, LATER = "2026-03-05T00:00:00+08:00", "2026-03-06T00:00:00+08:00"


def checked(path: Path, *acts: str) -> ImportFolder | FaultReport:
    folder = write_folder(path)
    (folder / "acts.csv").write_text(HEAD + "".join(f"{act}\n" for act in acts))
    return check_folder(folder)


def faults_of(path: Path, *acts: str) -> tuple[Fault, ...]:
    found = checked(path, *acts)
    assert isinstance(found, FaultReport)
    return found.faults


def test_acts__sound__are_rows(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        f"1,{TIME},freeze,,meal,first,0,,,{LATER},,,,why",
        f"2,{TIME},freeze,,,first,0,,,{LATER},,,,",
        f"3,{TIME},freeze,,,first,,,,{LATER},,,,",
        f"4,{TIME},lift,,,,,canteen,,,,,,",
        f"5,{TIME},extend,,meal,,,,,{LATER},,,,",
        f"6,{LATER},reverse,,,,,,1,,device:till,,,",
        f"7,{LATER},decide,,,,,,1,,,,reversed,",
        f"8,{LATER},propose-rules,spring,,,,,,,,day_count=1;widen_channel=home,,",
        f"9,{LATER},close,spring,,,,,,,,,,",
    )
    assert isinstance(found, ImportFolder), found.faults
    assert [act.number for act in found.acts] == list(range(1, 10))
    assert [act.kind for act in found.acts[5:]] == [
        ActKind.REVERSE,
        ActKind.DECIDE,
        ActKind.PROPOSE_RULES,
        ActKind.CLOSE,
    ]
    assert (found.acts[0].reason, found.acts[1].reason) == ("why", "as the import files say")
    assert (found.acts[6].stands, found.acts[7].terms) == (False, (("day_count", 1), ("widen_channel", 3)))


@pytest.mark.parametrize(
    ("act", "column"),
    [
        (f"1,{TIME},freeze,,meal,first,0,,,,,,,", "until"),
        (f"1,{TIME},freeze,,,,,,,{LATER},,,,", "kind"),
        (f"1,{TIME},freeze,,meal,first,,,,{LATER},,,,", "kind"),
        (f"1,{TIME},lift,,meal,,,,,{LATER},,,,", "until"),
        (f"1,{TIME},confirm,,meal,,,,,,,,,", "by"),
        (f"1,{TIME},pause,,,,,,,{LATER},,,,", "programme"),
        (f"1,{TIME},pause,spring,meal,,,,,{LATER},,,,", "kind"),
        (f"1,{TIME},decide,,,,,,1,,,,,", "decision"),
        (f"1,{TIME},decide,,,,,,1,,,,perhaps,", "decision"),
        (f"1,{TIME},propose-rules,spring,,,,,,,,day_count,,", "terms"),
        (f"1,{TIME},propose-rules,spring,,,,,,,,colour=1,,", "terms"),
        (f"1,{TIME},burn,spring,,,,,,,,,,", "kind"),
        (f"1,{TIME},appoint,,,,,,,,person-1,,,", "by"),
        (f"1,{TIME},freeze,,meal,first,3,,,{LATER},,,,", "place"),
        (f"1,{TIME},freeze,,meal,gone,0,,,{LATER},,,,", "roll"),
        (f"1,{TIME},extend,,gone,,,,,{LATER},,,,", "batch"),
        (f"1,{TIME},sweep,autumn,,,,,,,,,,", "programme"),
        (f"1,{TIME},lift,,,,,kiosk,,,,,,", "merchant"),
        (f"1,{TIME},extend,,meal,,,,,{TIME},,,,", "until"),
        (f"1,{TIME},dispute,,,,,,4,,,,,", "code"),
    ],
)
def test_acts__a_row_that_does_not_fit__names_the_column(tmp_path: Path, act: str, column: str) -> None:
    assert {(fault.file, fault.line, fault.column) for fault in faults_of(tmp_path, act)} == {("acts.csv", 2, column)}


@pytest.mark.parametrize(
    ("second", "column"),
    [(f"1,{TIME},close,spring,,,,,,,,,,", "act"), ("3,2026-03-04T00:00:00Z,close,spring,,,,,,,,,,", "at")],
)
def test_acts__out_of_order__name_the_second(tmp_path: Path, second: str, column: str) -> None:
    faults = faults_of(tmp_path, f"2,{TIME},sweep,spring,,,,,,,,,,", second)
    assert [(fault.line, fault.column) for fault in faults] == [(3, column)]


BOOKING_HEAD = "act,at,kind,batch,roll,place,merchant,until,by,bill\n"


def bookings(path: Path, *acts: str) -> ImportFolder | FaultReport:
    folder = write_folder(path)
    (folder / "acts.csv").write_text(BOOKING_HEAD + "".join(f"{act}\n" for act in acts))
    return check_folder(folder)


def test_acts__about_bookings__are_rows(tmp_path: Path) -> None:
    found = bookings(
        tmp_path,
        f"1,{TIME},book,meal,first,0,canteen,{LATER},device:till,",
        f"2,{TIME},capture,meal,first,0,,,device:till,7000",
        f"3,{TIME},release,meal,first,1,,,device:till,",
    )
    assert isinstance(found, ImportFolder), found.faults
    assert [act.kind for act in found.acts] == [ActKind.BOOK, ActKind.CAPTURE, ActKind.RELEASE]
    assert [act.bill for act in found.acts] == [None, 7_000, None]


def test_acts__that_pass_a_voucher_on__are_rows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    head, rest = "act,at,kind,batch,roll,place,to\n", "transfer,meal,first"
    (folder / "acts.csv").write_text(f"{head}1,{TIME},{rest},0,device:friend\n")
    found = check_folder(folder)
    assert isinstance(found, ImportFolder), found.faults
    assert [(act.kind, act.place, act.to) for act in found.acts] == [(ActKind.TRANSFER, 0, "device:friend")]
    (folder / "acts.csv").write_text(
        f"{head}1,{TIME},{rest},0,\n2,{TIME},{rest},,device:friend\n3,{TIME},{rest},0,kin\n"
    )
    bad = check_folder(folder)
    assert isinstance(bad, FaultReport)
    assert [(fault.line, fault.column) for fault in bad.faults] == [(2, "to"), (3, "kind"), (4, "to")]


@pytest.mark.parametrize(
    ("act", "column"),
    [
        (f"1,{TIME},book,meal,first,0,,{LATER},device:till,", "kind"),
        (f"1,{TIME},book,meal,first,0,canteen,,device:till,", "until"),
        (f"1,{TIME},capture,meal,first,0,,,device:till,", "bill"),
        (f"1,{TIME},capture,meal,first,,,,device:till,7000", "kind"),
        (f"1,{TIME},release,meal,first,0,,,,", "by"),
    ],
)
def test_acts__about_bookings_that_do_not_fit__name_the_column(tmp_path: Path, act: str, column: str) -> None:
    found = bookings(tmp_path, act)
    assert isinstance(found, FaultReport)
    assert {(fault.file, fault.line, fault.column) for fault in found.faults} == {("acts.csv", 2, column)}


def test_redemptions__repeated_without_a_refusal__are_faults(tmp_path: Path) -> None:
    rows = SMALL["redemptions.csv"].replace("signer,expected", "signer,repeats,signed_at,expected")
    rows = rows.replace("1:9000,,AlreadyRedeemed", f"1:9000,,1,{TIME},AlreadyRedeemed")
    rows = rows.replace("1:9000;2:100,,", "1:9000;2:100,,,,").replace("device:thief,", "device:thief,,,")
    assert isinstance(check_folder(write_folder(tmp_path / "sound", redemptions=rows)), ImportFolder)
    found = check_folder(write_folder(tmp_path / "odd", redemptions=rows.replace("AlreadyRedeemed", "")))
    assert isinstance(found, FaultReport)
    assert [(fault.line, fault.column) for fault in found.faults] == [(3, "expected")]


def limited(path: Path, column: str, value: str) -> ImportFolder | FaultReport:
    head, row = SMALL["programmes.csv"].splitlines()
    return check_folder(write_folder(path, programmes=f"{head},{column}\n{row},{value}\n"))


CAPS = "transferable,transfer_amount,transfer_month_amount"


def test_limits__given__are_in_the_row(tmp_path: Path) -> None:
    found = limited(tmp_path / "day", "day_amount", "5000")
    assert isinstance(found, ImportFolder)
    assert found.programmes[0].limits == Limits(day_amount=5_000)
    first = limited(tmp_path / "first", "first_only", "yes")
    assert isinstance(first, ImportFolder)
    assert first.programmes[0].limits == Limits(first_only=True)
    passed_on = limited(tmp_path / "gift", CAPS, "yes,500,500")
    assert isinstance(passed_on, ImportFolder)
    caps = Limits(transferable=True, transfer_amount=500, transfer_month_amount=500)
    assert passed_on.programmes[0].limits == caps
    none = limited(tmp_path / "kept", CAPS, "no,,")
    assert isinstance(none, ImportFolder)
    assert none.programmes[0].limits == Limits()
    merchants = "merchant,name,categories,region,channels,terminals,terminal_limit\n"
    merchants += "canteen,C,1,370102,store,device:till,700\nhotel,H,2,3702,store;online,,\n"
    tills = check_folder(write_folder(tmp_path / "till", merchants=merchants))
    assert isinstance(tills, ImportFolder)
    assert [row.terminal_limit for row in tills.merchants] == [700, 0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("step_up_threshold", str(2**64)),
        ("merchant_daily_limit", str(2**64)),
        ("month_amount", str(2**56)),
        ("day_count", "65536"),
        ("redemption_count", "-1"),
        ("first_only", "maybe"),
    ],
)
def test_limits__beyond_their_bounds__are_faults(tmp_path: Path, column: str, value: str) -> None:
    found = limited(tmp_path, column, value)
    assert isinstance(found, FaultReport)
    assert [(fault.file, fault.line, fault.column) for fault in found.faults if fault.file == "programmes.csv"] == [
        ("programmes.csv", 2, column)
    ]


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ("yes,,", ["transfer_amount", "transfer_month_amount"]),
        ("yes,500,", ["transfer_month_amount"]),
        ("no,500,500", ["transfer_amount", "transfer_month_amount"]),
        ("yes,500,499", ["transfer_month_amount"]),
        ("yes,0,500", ["transfer_amount"]),
        (f"yes,500,{2**56}", ["transfer_month_amount"]),
        ("maybe,,", ["transferable"]),
    ],
)
def test_caps__not_in_order__are_faults(tmp_path: Path, values: str, columns: list[str]) -> None:
    found = limited(tmp_path, CAPS, values)
    assert isinstance(found, FaultReport)
    faults = [(fault.line, fault.column) for fault in found.faults if fault.file == "programmes.csv"]
    assert faults == [(2, column) for column in columns]
