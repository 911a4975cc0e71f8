"""`book` calls signed by OPERATOR, through the relayer's account. Implements the port `BookingRelay`."""

from __future__ import annotations

from collections.abc import Sequence

import rlp

from node_api.chain.contracts import contract
from node_api.chain.eip712 import booking_digest
from node_api.chain.redeem import Relayer
from node_api.chain.redeem_codec import REASONS
from node_api.chain.rpc_values import Json, data, record, rows, text
from node_api.domain.ids import Address, VoucherId
from node_api.domain.operations import SentCall
from node_api.domain.reservations import BookingVerdict, Reservation
from node_api.services.ports.relaying import CallOutcome

_BOOK = contract("Vouchers").function("book")
_TOPICS = contract("Vouchers").topics
_REFUSED, _ITEM_REFUSED = "0x" + _TOPICS["RedemptionRefused"].hex(), "0x" + _TOPICS["RedemptionItemRefused"].hex()
# Bounds, not estimates: gas is free here. A contract holder may take 100,000 to answer.
_GAS_CALL, _GAS_RESERVATION, _GAS_VOUCHER, _GAS_CONSENT = 200_000, 300_000, 250_000, 50_000
# A reservation with its group and its consent, beside spends and signatures; and a spend.
_WORD, _FIXED_WORDS, _SPEND_WORDS = 32, 17, 3
_DATA_FIELD, _SELECTOR = 5, 4  # of a transaction: nonce, price, gas, to, value, data


class BookingRelayer:
    """See the port."""

    def __init__(self, relayer: Relayer, vouchers: Address, domain: bytes) -> None:
        """Asks for nothing yet.

        Args:
            relayer: the account, shared with what else it sends.
            vouchers: address of `Vouchers`.
            domain: the EIP-712 domain separator.
        """
        self._relayer, self._vouchers, self._domain = relayer, vouchers, domain

    def sign(self, reservations: Sequence[Reservation]) -> SentCall:
        """See the port."""
        vouchers = sum(len(one.spends) for one in reservations)
        consents = sum(1 for one in reservations if one.consent)
        gas = _GAS_CALL + _GAS_RESERVATION * len(reservations) + _GAS_VOUCHER * vouchers + _GAS_CONSENT * consents
        return self._relayer.sign_call(self._vouchers, encode_book(reservations, self._domain), gas)

    def size(self, reservation: Reservation) -> int:
        """See the port."""
        signed = sum(-(-len(one) // _WORD) for one in (reservation.signature, reservation.consent))
        return _WORD * (_FIXED_WORDS + _SPEND_WORDS * len(reservation.spends) + signed)

    def is_own(self, call: SentCall) -> bool:
        """See the port."""
        fields = rlp.decode(bytes.fromhex(call.raw.removeprefix("0x")))
        content: bytes = fields[_DATA_FIELD]
        return content[:_SELECTOR] == _BOOK.selector

    def outcome(
        self, call: SentCall, reservations: Sequence[Reservation], seconds: float
    ) -> CallOutcome[BookingVerdict] | None:
        """See the port."""
        landed = self._relayer.landed(call, seconds)
        if landed is None:
            return None
        receipt, block = landed
        if not receipt.succeeded:
            calldata = encode_book(reservations, self._domain)
            return CallOutcome(block, None, self._relayer.why(call, self._vouchers, calldata, receipt.block))
        verdicts = read_booking_verdicts(receipt.logs, self._vouchers, self._domain, reservations)
        return CallOutcome(block, tuple(verdicts))


def encode_book(reservations: Sequence[Reservation], domain: bytes) -> bytes:
    """Call data of `book`, each reservation in a group of its own, so that its place in the call is its group's; the consents."""
    groups = [(one.merchant, [_reservation(one)]) for one in reservations]
    consents = [(booking_digest(domain, one), one.consent) for one in reservations if one.consent]
    return _BOOK.encode((groups, consents))


def _reservation(one: Reservation) -> tuple[object, ...]:
    spends = [(spend.voucher, spend.amount, spend.sequence) for spend in one.spends]
    return spends, one.lapse_at, bytes.fromhex(one.service[2:]), one.channel, one.deadline, one.signature


def read_booking_verdicts(
    logs: Sequence[Json], vouchers: Address, domain: bytes, reservations: Sequence[Reservation]
) -> list[BookingVerdict]:
    """What a call's logs say of each of its reservations: what no log refuses was booked."""
    by_digest: dict[bytes, BookingVerdict] = {}
    by_place: dict[int, BookingVerdict] = {}
    for log in map(record, logs):
        topics = [text(topic) for topic in rows(log["topics"])]
        if text(log["address"]).lower() != vouchers.lower():
            continue
        body = data(log["data"])
        if topics[0] == _REFUSED:
            by_digest[body[:32]] = BookingVerdict(_reason(body[32:36]), VoucherId(int(topics[1], 16)))
        elif topics[0] == _ITEM_REFUSED:
            by_place[int.from_bytes(body[:32])] = BookingVerdict(_reason(body[64:68]))
    digests = [booking_digest(domain, one) for one in reservations]
    return [by_place.get(place) or by_digest.get(digest) or BookingVerdict() for place, digest in enumerate(digests)]


def _reason(selector: bytes) -> str:
    return REASONS.get(selector, "0x" + selector.hex())
