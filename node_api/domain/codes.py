"""The code shown at the till: what a holder signed, as text short enough for a QR symbol.

`VT1:` and base 32 (upper case, no padding: the alphanumeric mode of QR) of: number of spends; for each its voucher, amount and
sequence; merchant; bill; receipt (32 bytes); channel; deadline; length of the signature; the signature; CRC-32 of all that
(4 bytes, big-endian). Numbers are LEB128. An open code, which names no merchant, begins with `VTO1:` and has the highest bill in
place of merchant, bill and receipt.
"""

import base64
import zlib

from node_api.domain.errors import CodeUnreadable
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_OPEN_BILL, MAX_UINT256, Item, OpenCode, Spend

PREFIX = "VT1:"
OPEN_PREFIX = "VTO1:"
MAX_LENGTH = 4_096
"""Longest code read: some 100 vouchers."""
_LETTERS, _NO_DIGIT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"!"
_DIGITS = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_LETTERS.index(byte)] if byte in _LETTERS else _NO_DIGIT[0]
    for byte in range(256)
)
"""From base 32 as codes have it to digits as `int` has them, all else to no digit: reads a code in a tenth of `base64`'s time."""
_IMPOSSIBLE = frozenset({1, 3, 6})
"""Characters beyond a multiple of eight that no number of bytes is written with."""
_HASH_BYTES, _CHECK_BYTES = 32, 4


def encode_code(item: Item) -> str:
    """The code of a signed item that names its merchant."""
    named = _number(item.merchant) + _number(item.bill) + bytes.fromhex(item.receipt[2:])
    return PREFIX + _based(item, named)


def encode_open_code(code: OpenCode) -> str:
    """The code of what was signed without naming a merchant."""
    return OPEN_PREFIX + _based(code, _number(code.max_bill))


def _based(code: Item | OpenCode, named: bytes) -> str:
    parts = [_number(len(code.spends))]
    for spend in code.spends:
        parts += [_number(spend.voucher), _number(spend.amount), _number(spend.sequence)]
    parts += [named, _number(code.channel), _number(code.deadline), _number(len(code.signature)), code.signature]
    body = b"".join(parts)
    check = zlib.crc32(body).to_bytes(_CHECK_BYTES)
    return base64.b32encode(body + check).decode().rstrip("=")


def decode_code(code: str) -> Item | OpenCode:
    """What was signed, of a code; lower case and blanks around it are forgiven.

    Raises:
        CodeUnreadable: not a code, damaged, too long, or with bytes to spare.
    """
    text = code.strip().upper()
    prefix = PREFIX if text.startswith(PREFIX) else OPEN_PREFIX
    if not text.startswith(prefix) or len(text) > MAX_LENGTH:
        raise CodeUnreadable(f"code of {len(code)} characters beginning with {code[:5]!r}")
    content = _unbase(text[len(prefix) :])
    body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
    if zlib.crc32(body).to_bytes(_CHECK_BYTES) != check:
        raise CodeUnreadable(f"code of {len(code)} characters whose checksum does not fit")
    cursor = _Cursor(body)
    found = cursor.item() if prefix == PREFIX else cursor.open_code()
    cursor.require_end()
    return found


def is_open_code(code: str) -> bool:
    """Whether it is the code of what was signed without naming a merchant, readable or not."""
    return code.strip().upper().startswith(OPEN_PREFIX)


class _Cursor:
    """Reads a code's body from front to back."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def item(self) -> Item:
        return Item(
            spends=self.spends(),
            merchant=MerchantId(self.number()),
            bill=Amount(self.number()),
            receipt=Hash("0x" + self.take(_HASH_BYTES).hex()),
            channel=self.number(),
            deadline=UnixSeconds(self.number()),
            signature=self.take(self.length()),
        )

    def open_code(self) -> OpenCode:
        code = OpenCode(
            spends=self.spends(),
            max_bill=Amount(self.number()),
            channel=self.number(),
            deadline=UnixSeconds(self.number()),
            signature=self.take(self.length()),
        )
        if code.max_bill > MAX_OPEN_BILL:
            raise CodeUnreadable("code for bills above 2^224")
        return code

    def spends(self) -> tuple[Spend, ...]:
        return tuple(
            Spend(VoucherId(self.number()), Amount(self.number()), self.number()) for _ in range(self.length())
        )

    def require_end(self) -> None:
        if self._at != len(self._body):
            raise CodeUnreadable(f"code with {len(self._body) - self._at} bytes to spare")

    def length(self) -> int:
        """A number of things that follow; each takes a byte at least."""
        number = self.number()
        if number > len(self._body) - self._at:
            raise CodeUnreadable(f"code that ends before its {number} parts")
        return number

    def number(self) -> int:
        body, at = self._body, self._at
        value = shift = 0
        try:
            while (byte := body[at]) >= 0x80:
                value |= (byte & 0x7F) << shift
                at, shift = at + 1, shift + 7
        except IndexError:
            raise CodeUnreadable("code that ends too early") from None
        self._at = at + 1
        if not shift:
            return byte
        value |= byte << shift
        if value > MAX_UINT256:
            raise CodeUnreadable("code with a number above 2^256")
        return value

    def take(self, size: int) -> bytes:
        taken = self._body[self._at : self._at + size]
        if len(taken) != size:
            raise CodeUnreadable("code that ends too early")
        self._at += size
        return taken


def _unbase(text: str) -> bytes:
    digits = text.encode("ascii", "replace").translate(_DIGITS)
    if _NO_DIGIT in digits:
        raise CodeUnreadable("code with characters outside base 32")
    if len(text) % 8 in _IMPOSSIBLE:
        raise CodeUnreadable(f"code of an impossible length, {len(text)} characters")
    size, spare = divmod(5 * len(text), 8)
    return (int(digits or b"0", 32) >> spare).to_bytes(size)


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
