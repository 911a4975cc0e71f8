"""Field types of the API: ids, amounts, hashes, with their bounds."""

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from node_api.domain.ids import MERCHANT_IDS, Address, Hash
from node_api.domain.items import MAX_UINT256
from node_api.domain.receipts import MAX_ITEM

_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}")


class In(BaseModel):
    """A request's part: strict types, no field that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def body_hash(kind: str, body: In) -> str:
    """What an idempotency key is kept with: whoever asks again asks for the same.

    Args:
        kind: keeps the keys of one body apart by what it was sent to.
        body: what was asked. A member that says what its absence says counts as absent: so a release that knows more members
            still knows the keys of those before it.
    """
    return hashlib.sha256(f"{kind} {body.model_dump_json(exclude_defaults=True)}".encode()).hexdigest()


class Out(BaseModel):
    """An answer's part."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _uint(value: int | str) -> int:
    number = value if isinstance(value, int) else int(value) if _NUMBER.fullmatch(value) else -1
    if not 0 <= number <= MAX_UINT256:
        raise ValueError("must be a whole number from 0 to 2^256 - 1, as a number or as decimal text")
    return number


def _voucher(value: str) -> str:
    if not _NUMBER.fullmatch(value) or int(value) > MAX_UINT256:
        raise ValueError("must be a voucher's number as decimal text, without leading zeros")
    return value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


NoNul = AfterValidator(_without_nul)
"""Databases take no NUL in text."""
Uint = Annotated[int | str, AfterValidator(_uint), Field(examples=["1250"])]
"""A uint256 of a signed message: a JSON integer, or decimal text where a JSON reader would round it."""
VoucherText = Annotated[str, AfterValidator(_voucher), Field(examples=["34376516864"])]
"""A voucher's number, always text: it has up to 59 bits."""
HashText = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{64}$")]
AddressText = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$")]
SignatureText = Annotated[
    str, Field(pattern="^0x([0-9a-fA-F]{2}){0,2048}$", description="0x-hex; 65 or 64 bytes for a key")
]
MerchantNumber = Annotated[int, Field(ge=1, lt=MERCHANT_IDS)]
ProgrammeNumber = Annotated[int, Field(ge=1, lt=1 << 24)]
Reference = Annotated[str, NoNul, Field(min_length=1, max_length=64)]
Person = Annotated[
    str, NoNul, Field(min_length=1, max_length=128, description="the person's reference, as in holders.csv")
]
Money = Annotated[int, Field(ge=0, lt=1 << 56, description="smallest unit of the token (fen, cent)")]
SignedMoney = Annotated[
    int, Field(gt=-MAX_ITEM - 1, lt=MAX_ITEM + 1, description="smallest unit of the token (fen, cent)")
]
Seconds = Annotated[int, Field(ge=0, lt=1 << 40, description="Unix seconds")]


def as_int(value: int | str) -> int:
    """A validated `Uint`."""
    return int(value)


def as_hash(value: str) -> Hash:
    """A validated `HashText`."""
    return Hash(value.lower())


def as_address(value: str) -> Address:
    """A validated `AddressText`."""
    return Address(value.lower())


def as_bytes(value: str) -> bytes:
    """Validated 0x-hex."""
    return bytes.fromhex(value[2:])
