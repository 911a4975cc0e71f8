"""What tables do with text that others wrote.

print_report
├── square brackets are text, not styles
└── control characters and directions are shown as escapes, other writing as it is
times and days
└── behind the year 9999, as contracts let them be: their numbers
"""

from __future__ import annotations

from pathlib import Path

import pytest

from node_api.cli.audit_output import Section, local_day, local_time, print_report
from node_api.cli.options import Shared
from node_api.config import Settings

SHARED = Shared(Settings(data=Path("unused")), as_json=False)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("closed [/b] for good", "closed [/b] for good"),
        ("[red]season[/red]", "[red]season[/red]"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("one\ntwo\x00", r"one\ntwo\x00"),
        ("in\u202evoice", r"in\u202evoice"),
        ("餐饮\u3000消费券 é", "餐饮\u3000消费券 é"),
    ],
)
def test_print_report__text_of_others__is_shown_and_does_nothing(
    capsys: pytest.CaptureFixture[str], written: str, shown: str
) -> None:
    print_report(SHARED, False, {}, [Section("Reasons", ("reason",), [(written,)])])
    printed = capsys.readouterr().out
    assert shown in printed
    assert "\x1b" not in printed


def test_times__behind_the_last_year_a_calendar_has__are_numbers() -> None:
    assert local_time(253_402_300_799 - 480 * 60, 480) == "9999-12-31 23:59:59+08:00"
    assert local_time(253_402_300_800 - 480 * 60, 480) == "second 253402272000"
    assert local_time((1 << 40) - 1, 0) == "second 1099511627775"
    assert local_day(2_932_896) == "9999-12-31"
    assert local_day((1 << 24) - 1) == "day 16777215"
