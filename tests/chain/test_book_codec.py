"""`book` calls: what they carry, and what their logs say.

call data
├── of reservations .......................... a group of its own for each, in their order
├── of consents .............................. each by its booking's digest
└── of any number of vouchers and length ..... no longer than their sizes say, nor much shorter
own
├── a signed `book` call ..................... is one
└── another call ............................. is none
verdicts
└── of booked, refused and passed over ....... each its own
"""

from dataclasses import replace

import pytest
import rlp
from eth_abi.abi import decode, encode

from node_api.chain.book_calls import BookingRelayer, encode_book, read_booking_verdicts
from node_api.chain.contracts import contract
from node_api.chain.eip712 import booking_digest, domain_separator
from node_api.chain.rpc_values import Json
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.operations import SentCall
from node_api.domain.reservations import BookingVerdict, Reservation

VOUCHERS = Address("0x" + "c0" * 20)
DOMAIN = domain_separator(1, VOUCHERS)
SPEND = "(uint256,uint256,uint256)"
RESERVATION = f"({SPEND}[],uint256,bytes32,uint256,uint256,bytes)"


def reservation(number: int) -> Reservation:
    spend = Spend(VoucherId(number), Amount(500))
    service = Hash("0x" + f"{number:064x}")
    return Reservation((spend,), MerchantId(number), service, 0, UnixSeconds(9), UnixSeconds(8), b"signed")


def sent(content: bytes) -> SentCall:
    raw = "0x" + rlp.encode([b"\x01", b"", b"\x01", b"\xc0" * 20, b"", content, b"\x1b", b"\x01", b"\x01"]).hex()
    return SentCall(Hash("0x" + "11" * 32), 1, VOUCHERS, raw)


def test_encode_book__reservations__each_in_a_group() -> None:
    ones = [reservation(7), reservation(8)]

    groups, consents = decode([f"(uint256,{RESERVATION}[])[]", "(bytes32,bytes)[]"], encode_book(ones, DOMAIN)[4:])

    assert consents == ()
    assert [(merchant, len(inner)) for merchant, inner in groups] == [(7, 1), (8, 1)]
    assert groups[0][1][0] == (((7, 500, 0),), 9, bytes.fromhex(ones[0].service[2:]), 0, 8, b"signed")


def test_encode_book__consents__follow_by_digest() -> None:
    ones = [reservation(7), replace(reservation(8), consent=b"attested")]

    _, consents = decode([f"(uint256,{RESERVATION}[])[]", "(bytes32,bytes)[]"], encode_book(ones, DOMAIN)[4:])

    assert consents == ((booking_digest(DOMAIN, ones[1]), b"attested"),)


@pytest.mark.parametrize("signature", [0, 1, 65, 2_048])
@pytest.mark.parametrize("consent", [0, 65, 2_048])
@pytest.mark.parametrize("vouchers", [1, 100])
def test_size__of_reservations__bounds_the_call_data(vouchers: int, signature: int, consent: int) -> None:
    spends = tuple(Spend(VoucherId(number), Amount(500)) for number in range(vouchers))
    one = replace(reservation(7), spends=spends, signature=bytes(signature), consent=bytes(consent))

    taken = len(encode_book([one] * 50, DOMAIN)) - len(encode_book([], DOMAIN))

    bound = 50 * BookingRelayer(None, VOUCHERS, DOMAIN).size(one)  # type: ignore[arg-type]
    assert 0.7 * bound < taken <= bound


def test_is_own__book_call__and_no_other() -> None:
    relayer = BookingRelayer(None, VOUCHERS, DOMAIN)  # type: ignore[arg-type]
    assert relayer.is_own(sent(encode_book([reservation(7)], DOMAIN)))
    assert not relayer.is_own(sent(contract("Vouchers").function("redeem").selector + bytes(32)))
    assert not relayer.is_own(sent(b""))


def test_read_verdicts__of_each_kind__are_told_apart() -> None:
    topics, errors = contract("Vouchers").topics, contract("Vouchers").errors
    ones = [reservation(7), reservation(8), reservation(9)]
    reasons = {error.name: selector for selector, error in errors.items()}

    def log(event: str, indexed: list[int], body: bytes) -> Json:
        told = ["0x" + topics[event].hex(), *(f"0x{value:064x}" for value in indexed)]
        return {"address": VOUCHERS, "topics": list(told), "data": "0x" + body.hex()}

    expired = encode(["bytes32", "bytes4"], [booking_digest(DOMAIN, ones[1]), reasons["Vouchers_Expired"]])
    invalid = encode(["uint256", "uint256", "bytes4"], [2, 0, reasons["Vouchers_SignatureInvalid"]])
    logs = [log("RedemptionRefused", [8, 8], expired), log("RedemptionItemRefused", [9], invalid)]

    verdicts = read_booking_verdicts(logs, VOUCHERS, DOMAIN, ones)

    assert verdicts == [
        BookingVerdict(),
        BookingVerdict("Expired", VoucherId(8)),
        BookingVerdict("SignatureInvalid"),
    ]
