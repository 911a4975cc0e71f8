"""Ids and units, the same as on chain (docs/storage.md)."""

from typing import NewType

ProgrammeId = NewType("ProgrammeId", int)
LineId = NewType("LineId", int)
"""`programme << 16 | number`, number from 1."""
BatchId = NewType("BatchId", int)
RollId = NewType("RollId", int)
Place = NewType("Place", int)
VoucherId = NewType("VoucherId", int)
"""`batch << 35 | roll << 11 | place`, 59 bits; a decimal string in JSON."""
MerchantId = NewType("MerchantId", int)
Address = NewType("Address", str)
"""20 bytes as `0x` and 40 hexadecimal digits, EIP-55 where shown, compared lower-cased."""
Hash = NewType("Hash", str)
"""32 bytes as `0x` and 64 lower-case hexadecimal digits."""
UnixSeconds = NewType("UnixSeconds", int)
NEVER = UnixSeconds(0)
"""Stands for an end that is over for ever."""
Amount = NewType("Amount", int)
"""Money in the token's smallest unit (fen, cent)."""
NOTHING = Amount(0)
Day = NewType("Day", int)
"""Local calendar day of a programme: (time + utc offset) // 86,400."""

MAX_PLACES = 1228
VOUCHER_BITS = 59
MERCHANT_IDS = 1 << 32
"""Merchants' numbers lie below: the contracts keep them in 32 bits."""
ROLL_MASK = (1 << 24) - 1
PLACE_MASK = (1 << 11) - 1


def voucher_id(batch: BatchId, roll: RollId, place: Place) -> VoucherId:
    """The id of the voucher of `batch` at `place` of `roll`."""
    return VoucherId(batch << 35 | roll << 11 | place)


def split_voucher(voucher: VoucherId) -> tuple[BatchId, RollId, Place]:
    """Batch, roll and place of a voucher id; any number below 2**59 splits, whether such a voucher exists or not."""
    return BatchId(voucher >> 35), RollId(voucher >> 11 & ROLL_MASK), Place(voucher & PLACE_MASK)


def line_id(programme: ProgrammeId, number: int) -> LineId:
    """The id of a programme's budget line `number` (from 1)."""
    return LineId(programme << 16 | number)


def programme_of_line(line: LineId) -> ProgrammeId:
    """The programme a budget line belongs to."""
    return ProgrammeId(line >> 16)
