"""Values and wallets of import files, apart from any file."""

import hashlib

import pytest

from node_api.domain.importing import values
from node_api.domain.importing.faults import BadValue
from node_api.domain.importing.wallets import Custody, Wallet, custody, device, device_secret, wallet
from node_api.domain.models import VoucherKind
from node_api.domain.regions import EVERYWHERE

ADDRESS = "0x00000000000000000000000000000000000000Bb"


@pytest.mark.parametrize(
    ("text", "kept", "keeper"),
    [
        ("household-1029", "household-1029", Custody.NODE),
        (ADDRESS, ADDRESS.lower(), Custody.OWN),
        ("device:phone", "device:phone", Custody.DEMONSTRATION),
    ],
)
def test_wallet__when_read__then_form_says_who_keeps_the_key(text: str, kept: str, keeper: Custody) -> None:
    assert wallet(text) == kept
    assert custody(wallet(text)) is keeper


@pytest.mark.parametrize("text", ["", "0xBb", "0x" + "0" * 40, "device:", "device:0x12", "a b", "x" * 65, "人"])
def test_wallet__when_none_of_the_forms__then_bad(text: str) -> None:
    with pytest.raises(BadValue):
        wallet(text)


def test_device__when_custodial__then_bad() -> None:
    with pytest.raises(BadValue, match="device:phone"):
        device("phone")


def test_device_secret__when_demonstration__then_as_published() -> None:
    published = hashlib.sha256(b"vouchertrail demonstration device phone").digest()
    assert device_secret(Wallet("device:phone")) == published


@pytest.mark.parametrize("text", ["phone", ADDRESS])
def test_device_secret__when_somebody_elses__then_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="not a demonstration device"):
        device_secret(wallet(text))


@pytest.mark.parametrize(
    ("parse", "good", "value", "bad"),
    [
        (values.time, "1970-01-01T00:00:00Z", 0, "1969-12-31T23:59:59Z"),
        (values.time, "2026-05-01T00:00:00+08:00", 1777564800, "2026-05-01 00:00:00+08:00"),
        (values.time, "2026-02-28T23:59:59-05:00", 1772341199, "2026-02-29T00:00:00Z"),
        (values.region_or_everywhere, "*", EVERYWHERE, "**"),
        (values.region, "370102000", (0x370102000 << 4) | 9, "3701020001"),
        (values.categories, "0;63", 1 | 1 << 63, "0;0"),
        (values.channels, "store;other", 0b10000001, "Store"),
        (values.document, "0x" + "AB" * 32, "0x" + "ab" * 32, "0x" + "ab" * 31),
        (values.token, "CNYT", "CNYT", "cnyt"),
        (values.deadline_seconds, "never", values.NEVER, "Never"),
        (values.deadline_seconds, "-3600", -3600, "-0"),
        (values.kind, "stored", VoucherKind.STORED, "gift"),
        (values.items, "7:1299;7:1", ((7, 1299), (7, 1)), "7:0"),
        (values.items, ";".join(["1:1"] * 500), ((1, 1),) * 500, ";".join(["1:1"] * 501)),
        (values.text_of_people, "消费券", "消费券", "two\nlines"),
        (values.whole(0, 9), "9", 9, "09"),
        (values.money(0, 10**15), "999999999999999", 999_999_999_999_999, "9" * 5_000),
    ],
)
def test_value__when_read__then_parsed_or_bad(parse: object, good: str, value: object, bad: str) -> None:
    assert callable(parse)
    assert parse(good) == value
    with pytest.raises(BadValue) as found:
        parse(bad)
    assert found.value.rule
    assert found.value.remedy
