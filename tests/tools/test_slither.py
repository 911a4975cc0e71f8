"""Findings of slither against the reasons that are known.

slither
├── a finding with a reason, for its place or for its kind, is no fault
├── a finding without one is a fault that names check and place
└── a reason that nothing is found for is a fault
"""

import re

from tools.slither import Finding, Reason, faults, reasons

REENTRANCY = Finding("reentrancy-no-eth", "Treasury.pay", "Reentrancy in Treasury.pay()")
SLOT = Finding("uninitialized-state", "VouchersStorage._rolls", "VouchersStorage._rolls is never initialized")


def test_faults__where_every_finding_has_its_reason__are_none() -> None:
    known = [
        Reason("reentrancy-no-eth", "Treasury.pay", "", "why"),
        Reason("uninitialized-state", "", "is never initialized", "why"),
    ]
    assert list(faults({REENTRANCY, SLOT}, known)) == []


def test_faults__where_a_finding_is_new__name_it() -> None:
    known = [
        Reason("reentrancy-no-eth", "Treasury.deposit", "", "why"),
        Reason("locked-ether", "", "Reentrancy", "why"),
    ]
    told = list(faults({REENTRANCY}, known))
    assert told[0] == "reentrancy-no-eth at Treasury.pay: Reentrancy in Treasury.pay()"
    assert len(told) == 3  # and both reasons are for nothing


def test_reasons__in_the_file__each_say_why_for_a_place_or_a_kind() -> None:
    for reason in reasons():
        assert bool(reason.where) != bool(reason.says)
        assert len(reason.why) > 20
        re.compile(reason.says)
