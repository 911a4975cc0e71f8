"""The code shown at the till: a signed item as text short enough for a QR symbol.

`VT1:` and base 32 (upper case, no padding: the alphanumeric mode of QR) of: number of spends; for each its voucher, amount and
sequence; merchant; bill; receipt (32 bytes); channel; deadline; length of the signature; the signature; CRC-32 of all that
(4 bytes, big-endian). Numbers are LEB128.
"""

import base64
import binascii
import re
import zlib

from node_api.domain.errors import CodeUnreadable
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_UINT256, Item, Spend

PREFIX = "VT1:"
MAX_LENGTH = 4_096
"""Longest code read: some 100 vouchers."""
_ALPHABET = re.compile(r"[A-Z2-7]*")
_HASH_BYTES, _CHECK_BYTES = 32, 4


def encode_code(item: Item) -> str:
    """The code of a signed item."""
    parts = [_number(len(item.spends))]
    for spend in item.spends:
        parts += [_number(spend.voucher), _number(spend.amount), _number(spend.sequence)]
    parts += [_number(item.merchant), _number(item.bill), bytes.fromhex(item.receipt[2:])]
    parts += [_number(item.channel), _number(item.deadline), _number(len(item.signature)), item.signature]
    body = b"".join(parts)
    check = zlib.crc32(body).to_bytes(_CHECK_BYTES)
    return PREFIX + base64.b32encode(body + check).decode().rstrip("=")


def decode_code(code: str) -> Item:
    """The signed item of a code; lower case and blanks around it are forgiven.

    Raises:
        CodeUnreadable: not a code, damaged, too long, or with bytes to spare.
    """
    text = code.strip().upper()
    if not text.startswith(PREFIX) or len(text) > MAX_LENGTH:
        raise CodeUnreadable(f"code of {len(code)} characters beginning with {code[:4]!r}")
    content = _unbase(text[len(PREFIX) :])
    body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
    if zlib.crc32(body).to_bytes(_CHECK_BYTES) != check:
        raise CodeUnreadable(f"code of {len(code)} characters whose checksum does not fit")
    return _Cursor(body).item()


class _Cursor:
    """Reads a code's body from front to back."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def item(self) -> Item:
        spends = tuple(
            Spend(VoucherId(self.number()), Amount(self.number()), self.number()) for _ in range(self.length())
        )
        item = Item(
            spends=spends,
            merchant=MerchantId(self.number()),
            bill=Amount(self.number()),
            receipt=Hash("0x" + self.take(_HASH_BYTES).hex()),
            channel=self.number(),
            deadline=UnixSeconds(self.number()),
            signature=self.take(self.length()),
        )
        if self._at != len(self._body):
            raise CodeUnreadable(f"code with {len(self._body) - self._at} bytes to spare")
        return item

    def length(self) -> int:
        """A number of things that follow; each takes a byte at least."""
        number = self.number()
        if number > len(self._body) - self._at:
            raise CodeUnreadable(f"code that ends before its {number} parts")
        return number

    def number(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if value > MAX_UINT256:
                raise CodeUnreadable("code with a number above 2^256")
            if byte < 0x80:
                return value
            shift += 7

    def take(self, size: int) -> bytes:
        taken = self._body[self._at : self._at + size]
        if len(taken) != size:
            raise CodeUnreadable("code that ends too early")
        self._at += size
        return taken


def _unbase(text: str) -> bytes:
    if not _ALPHABET.fullmatch(text):
        raise CodeUnreadable("code with characters outside base 32")
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise CodeUnreadable(f"code of an impossible length, {len(text)} characters") from None


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
