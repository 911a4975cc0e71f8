"""What the API takes in: strict models, and their way into the domain."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field, model_validator

from node_api.api.fields import (
    AddressText,
    HashText,
    In,
    MerchantNumber,
    Money,
    Person,
    ProgrammeNumber,
    Reference,
    Seconds,
    SignatureText,
    SignedMoney,
    Uint,
    VoucherText,
    as_address,
    as_bytes,
    as_hash,
    as_int,
)
from node_api.domain.access import ApiKey
from node_api.domain.codes import MAX_LENGTH, decode_code
from node_api.domain.ids import Amount, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend, TerminalSeal
from node_api.domain.receipts import Receipt, ReceiptItem
from node_api.services.codes import Choice, CodeRequest
from node_api.services.judging import Request

MAX_BATCH = 100
_SALT = "^0x[0-9a-fA-F]{32,64}$"


class ReceiptItemIn(In):
    """One line of a receipt; `category` null for goods of no category, `amount` below zero for a discount."""

    category: Annotated[int, Field(ge=0, le=63)] | None
    amount: SignedMoney


class ReceiptDraft(In):
    """A receipt in clear. Without a salt the node draws one."""

    number: Annotated[str, Field(pattern="^[ -~]{1,64}$", description="as printed; printable ASCII")]
    time: Seconds
    items: Annotated[list[ReceiptItemIn], Field(min_length=1, max_length=500)]
    salt: Annotated[str, Field(pattern=_SALT, description="16 to 32 random bytes")] | None = None

    def to_domain(self) -> Receipt:
        """The receipt; its salt is empty where none was given."""
        items = tuple(ReceiptItem(item.category, Amount(item.amount)) for item in self.items)
        return Receipt(self.number, UnixSeconds(self.time), items, b"" if self.salt is None else as_bytes(self.salt))


class ReceiptIn(ReceiptDraft):
    """A receipt in clear, as it was hashed."""

    salt: Annotated[str, Field(pattern=_SALT, description="16 to 32 random bytes")]


class SpendIn(In):
    """`Spend` of the signed message."""

    voucher: Uint
    amount: Uint
    sequence: Uint = 0


class RedemptionIn(In):
    """`Redemption` of the signed message: exactly what the holder signed."""

    spends: Annotated[list[SpendIn], Field(max_length=100)]
    merchant: Uint
    bill: Uint
    receipt: HashText
    channel: Uint
    deadline: Uint

    def to_domain(self, signature: bytes) -> Item:
        """The signed item."""
        return Item(
            spends=tuple(
                Spend(VoucherId(as_int(entry.voucher)), Amount(as_int(entry.amount)), as_int(entry.sequence))
                for entry in self.spends
            ),
            merchant=MerchantId(as_int(self.merchant)),
            bill=Amount(as_int(self.bill)),
            receipt=as_hash(self.receipt),
            channel=as_int(self.channel),
            deadline=UnixSeconds(as_int(self.deadline)),
            signature=signature,
        )


class TerminalIn(In):
    """The terminal that answers for this redemption: it signed `TerminalBatch(merchant, [digest])`."""

    address: AddressText
    signature: SignatureText


class RedeemIn(In):
    """One redemption: the compact code, or the signed message with its signature.

    `merchant` is who redeems: an API key of a merchant means its own, other keys the merchant signed for.
    """

    code: Annotated[str, Field(max_length=MAX_LENGTH)] | None = None
    redemption: RedemptionIn | None = None
    signature: SignatureText | None = None
    merchant: MerchantNumber | None = None
    receipt: ReceiptIn | None = None
    terminal: TerminalIn | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        signed = self.redemption is not None and self.signature is not None
        if (self.code is not None) == signed or (self.redemption is None) != (self.signature is None):
            raise ValueError("give either code, or redemption with signature")
        return self

    def to_domain(self, caller: ApiKey) -> Request:
        """The redemption at the merchant who hands it in.

        Raises:
            CodeUnreadable: the code is not one of ours, or was damaged.
        """
        if self.redemption is not None and self.signature is not None:
            item = self.redemption.to_domain(as_bytes(self.signature))
        else:
            item = decode_code(self.code or "")
        merchant = MerchantId(self.merchant) if self.merchant is not None else caller.merchant
        return Request(
            item=item if merchant is None else replace(item, merchant=merchant),
            seal=None
            if self.terminal is None
            else TerminalSeal(as_address(self.terminal.address), as_bytes(self.terminal.signature)),
            receipt=None if self.receipt is None else self.receipt.to_domain(),
        )


class RedeemBatchIn(In):
    """Redemptions taken in together; each is judged and answered on its own."""

    items: Annotated[list[RedeemIn], Field(min_length=1, max_length=MAX_BATCH)]


class ChoiceIn(In):
    """A voucher to spend, and how much of it; without an amount its face value, or what is left of stored value."""

    voucher: VoucherText
    amount: Uint | None = None


def choice_of(entry: str | ChoiceIn) -> Choice:
    """For the services."""
    if isinstance(entry, str):
        return Choice(VoucherId(int(entry)))
    return Choice(VoucherId(int(entry.voucher)), None if entry.amount is None else Amount(as_int(entry.amount)))


class CodeIn(In):
    """A code for a custodial holder. Give the receipt in clear, or its hash with the bill."""

    programme: ProgrammeNumber | Reference
    person: Person
    vouchers: Annotated[list[VoucherText | ChoiceIn], Field(max_length=100, description="ascending")]
    merchant: MerchantNumber
    bill: Money | None = None
    receipt: ReceiptDraft | HashText
    channel: Annotated[int, Field(ge=0, le=255)] = 0
    deadline: Uint | None = None

    @model_validator(mode="after")
    def _bill_known(self) -> Self:
        if self.bill is None and isinstance(self.receipt, str):
            raise ValueError("with a receipt's hash alone, the bill must be given")
        return self

    def to_domain(self) -> CodeRequest:
        """What the code is asked for."""
        choices = [choice_of(entry) for entry in self.vouchers]
        clear = not isinstance(self.receipt, str)
        return CodeRequest(
            programme=self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme),
            person=self.person,
            choices=choices,
            merchant=MerchantId(self.merchant),
            bill=None if self.bill is None else Amount(self.bill),
            receipt=self.receipt.to_domain() if not isinstance(self.receipt, str) else None,
            receipt_hash=None if clear else as_hash(str(self.receipt)),
            channel=self.channel,
            deadline=None if self.deadline is None else UnixSeconds(as_int(self.deadline)),
        )
