"""What the API takes in: strict models, and their way into the domain."""

from typing import Annotated, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

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
from node_api.api.problems import MOST_BUILT, TOO_MANY
from node_api.domain.access import ApiKey
from node_api.domain.codes import MAX_LENGTH, decode_code, is_open_code
from node_api.domain.ids import Amount, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_VOUCHERS, Item, OpenCode, Spend, TerminalSeal
from node_api.domain.receipts import MAX_ITEMS, Receipt, ReceiptItem
from node_api.services.codes import Choice, CodeRequest, OpenCodeRequest
from node_api.services.judging import Request

MAX_BATCH = 100
_SALT = "^0x([0-9a-fA-F]{2}){16,32}$"
# Of lists in an entry of a batch (`fail_fast`) only the first one at fault is named: a few bytes would else make many faults.


def _few(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError as fault:
        if (count := fault.error_count()) <= MOST_BUILT:
            raise
        raise PydanticCustomError("too_many_faults", TOO_MANY, {"count": count}) from None


FewFaults = WrapValidator(_few)
"""For a body that a framework tells all faults of: more than anybody reads are one."""


class ReceiptItemIn(In):
    """One line of a receipt; `category` null for goods of no category, `amount` below zero for a discount."""

    category: Annotated[int, Field(ge=0, le=63)] | None
    amount: SignedMoney


class ReceiptDraft(In):
    """A receipt in clear. Without a salt the node draws one."""

    number: Annotated[str, Field(pattern="^[ -~]{1,64}$", description="as printed; printable ASCII")]
    time: Seconds
    items: Annotated[list[ReceiptItemIn], Field(min_length=1, max_length=MAX_ITEMS, fail_fast=True)]
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

    spends: Annotated[list[SpendIn], Field(max_length=MAX_VOUCHERS, fail_fast=True)]
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


class PresentedIn(In):
    """What the terminal says an open code is redeemed for: the bill, and the receipt's hash."""

    bill: Uint
    receipt: HashText


class RedeemIn(In):
    """One redemption: the compact code, or the signed message with its signature.

    `merchant` is who redeems: an API key of a merchant means its own, other keys the merchant signed for. An open code names
    none: it needs `presented`, and `terminal`, who signed `TerminalBatch` over the redemption as presented. `consent` is a
    step-up attestor's signature of `Consent(digest)`, where the holder signed the digest; wanted above the rules' threshold.
    """

    code: Annotated[str, Field(max_length=MAX_LENGTH)] | None = None
    redemption: RedemptionIn | None = None
    signature: SignatureText | None = None
    merchant: MerchantNumber | None = None
    presented: PresentedIn | None = None
    receipt: ReceiptIn | None = None
    terminal: TerminalIn | None = None
    consent: SignatureText | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        signed = self.redemption is not None and self.signature is not None
        if (self.code is not None) == signed or (self.redemption is None) != (self.signature is None):
            raise ValueError("give either code, or redemption with signature")
        if (self.code is not None and is_open_code(self.code)) != (self.presented is not None):
            raise ValueError("give presented with an open code, and with nothing else")
        return self

    def to_domain(self, caller: ApiKey) -> Request:
        """The redemption at the merchant who hands it in.

        Raises:
            CodeUnreadable: the code is not one of ours, or was damaged.
        """
        merchant = MerchantId(self.merchant) if self.merchant is not None else caller.merchant
        if self.redemption is not None and self.signature is not None:
            item = self.redemption.to_domain(as_bytes(self.signature))
        else:
            found = decode_code(self.code or "")
            item = found if isinstance(found, Item) else self._presented(found, merchant)
        if merchant is not None and merchant != item.merchant:
            item = item._replace(merchant=merchant)
        if self.consent is not None:
            item = item._replace(consent=as_bytes(self.consent))
        return Request(
            item=item,
            seal=None
            if self.terminal is None
            else TerminalSeal(as_address(self.terminal.address), as_bytes(self.terminal.signature)),
            receipt=None if self.receipt is None else self.receipt.to_domain(),
        )

    def _presented(self, code: OpenCode, merchant: MerchantId | None) -> Item:
        """At no merchant where neither the body nor the key names one: the rules then say so."""
        assert self.presented is not None
        bill, receipt = Amount(as_int(self.presented.bill)), as_hash(self.presented.receipt)
        return code.presented(merchant or MerchantId(0), bill, receipt)


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


_VOUCHERS = f"ascending; as many as a code of {MAX_LENGTH} characters holds, some 100 where amounts are small"


class CodeIn(In):
    """A code for a custodial holder. Give the receipt in clear, or its hash with the bill; for an open code, which names no
    merchant, `max_bill` alone.
    """

    programme: ProgrammeNumber | Reference
    person: Person
    vouchers: Annotated[list[VoucherText | ChoiceIn], Field(max_length=MAX_VOUCHERS, description=_VOUCHERS)]
    merchant: MerchantNumber | None = None
    bill: Money | None = None
    receipt: ReceiptDraft | HashText | None = None
    max_bill: Money | None = None
    channel: Annotated[int, Field(ge=0, le=255)] = 0
    deadline: Uint | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        named = self.merchant, self.receipt
        if self.max_bill is not None:
            if any(one is not None for one in (*named, self.bill)):
                raise ValueError("an open code names no merchant, bill or receipt")
        elif any(one is None for one in named):
            raise ValueError("give merchant and receipt, or max_bill for an open code")
        elif self.bill is None and isinstance(self.receipt, str):
            raise ValueError("with a receipt's hash alone, the bill must be given")
        return self

    def to_domain(self) -> CodeRequest | OpenCodeRequest:
        """What the code is asked for."""
        choices = [choice_of(entry) for entry in self.vouchers]
        programme = self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme)
        deadline = None if self.deadline is None else UnixSeconds(as_int(self.deadline))
        if self.merchant is None:
            assert self.max_bill is not None
            return OpenCodeRequest(programme, self.person, choices, Amount(self.max_bill), self.channel, deadline)
        return CodeRequest(
            programme=programme,
            person=self.person,
            choices=choices,
            merchant=MerchantId(self.merchant),
            bill=None if self.bill is None else Amount(self.bill),
            receipt=self.receipt.to_domain() if isinstance(self.receipt, ReceiptDraft) else None,
            receipt_hash=as_hash(self.receipt) if isinstance(self.receipt, str) else None,
            channel=self.channel,
            deadline=deadline,
        )
