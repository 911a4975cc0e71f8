"""What idempotency keys are kept with: it outlives a release, or who asks again across an upgrade is refused.

body_hash ├── of a body → of its kind and its members, in their order, as this file spells them
          ├── with a member that says what its absence says → the same
          └── of another kind, or with another value → another
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from node_api.api.claims import ClaimIn
from node_api.api.fields import In, body_hash
from node_api.api.requests import RedeemIn

PROOF = ["0x" + "5a" * 32]
SPEND = {"voucher": "18446744073709551616", "amount": 300}
SIGNED: dict[str, Any] = {
    "redemption": {
        "spends": [SPEND],
        "merchant": 1,
        "bill": 300,
        "receipt": "0x" + "07" * 32,
        "channel": 0,
        "deadline": 1_700_000_000,
    },
    "signature": "0x" + "11" * 65,
}
WRITTEN = [
    (RedeemIn, {"code": "VT1:ABC"}, '{"code":"VT1:ABC"}'),
    (
        RedeemIn,
        SIGNED,
        '{"redemption":{"spends":[{"voucher":18446744073709551616,"amount":300}],"merchant":1,"bill":300,"receipt":"0x'
        + "07" * 32
        + '","channel":0,"deadline":1700000000},"signature":"0x'
        + "11" * 65
        + '"}',
    ),
    (
        ClaimIn,
        {"programme": "meals", "round": 3, "person": "resident-1", "proof": PROOF},
        f'{{"programme":"meals","round":3,"person":"resident-1","proof":["0x{"5a" * 32}"]}}',
    ),
    (ClaimIn, {"programme": 1, "round": 3, "person": "resident-1"}, '{"programme":1,"round":3,"person":"resident-1"}'),
]


@pytest.mark.parametrize(("model", "given", "written"), WRITTEN)
def test_body_hash__of_a_body__is_as_spelled_here(model: type[In], given: dict[str, Any], written: str) -> None:
    assert body_hash("kind", model(**given)) == hashlib.sha256(f"kind {written}".encode()).hexdigest()


def test_body_hash__with_a_member_that_says_what_its_absence_says__is_the_same() -> None:
    plain = ClaimIn(programme=1, round=3, person="resident-1")
    assert body_hash("claim", plain) == body_hash("claim", ClaimIn(**plain.model_dump()))
    spelled = SIGNED | {"redemption": SIGNED["redemption"] | {"spends": [SPEND | {"sequence": 0}]}, "consent": None}
    assert body_hash("single", RedeemIn(**SIGNED)) == body_hash("single", RedeemIn(**spelled))


def test_body_hash__of_another_kind_or_value__is_another() -> None:
    one, other = RedeemIn(code="VT1:ABC"), RedeemIn(code="VT1:ABD")
    assert len({body_hash("single", one), body_hash("batch", one), body_hash("single", other)}) == 3
