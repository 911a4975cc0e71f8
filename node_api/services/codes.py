"""Codes of custodial holders: the node's wallet signs what the person asked for."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from node_api.domain.codes import encode_code, encode_open_code
from node_api.domain.errors import ProgrammeUnknown, VoucherNotFound, WalletMissing
from node_api.domain.ids import (
    VOUCHER_BITS,
    Address,
    Amount,
    Hash,
    MerchantId,
    ProgrammeId,
    UnixSeconds,
    VoucherId,
    split_voucher,
)
from node_api.domain.items import Item, OpenCode, Spend
from node_api.domain.kinds import rest_of
from node_api.domain.models import UNTOUCHED, Batch, BlockRef, Programme, Rules, VoucherFacts, VoucherKind
from node_api.domain.open_codes import MAX_OPEN_SECONDS
from node_api.domain.receipts import Receipt, categories_of
from node_api.services.fresh import FreshReads
from node_api.services.ports.reading import Reader
from node_api.services.ports.signing import Signatures, Wallet

DEFAULT_SECONDS = 600
"""How long a code lasts where nobody says, if the rules allow as much."""
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Choice:
    """A voucher to spend or book; `amount` None means its face value, or what is left of stored value."""

    voucher: VoucherId
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What a code is asked for.

    Attributes:
        bill: None to add it up from the receipt.
        receipt: in clear; a salt of length 0 means that the node draws one.
        receipt_hash: where the receipt is not given in clear.
        deadline: exclusive; None for ten minutes, or less where the rules say so.
    """

    programme: str | ProgrammeId
    person: str
    choices: Sequence[Choice]
    merchant: MerchantId
    bill: Amount | None
    receipt: Receipt | None
    receipt_hash: Hash | None
    channel: int
    deadline: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class OpenCodeRequest:
    """What a code that names no merchant is asked for.

    Attributes:
        max_bill: the highest bill it is to be good for.
        deadline: exclusive; None for as far ahead as the rules allow such a code.
    """

    programme: str | ProgrammeId
    person: str
    choices: Sequence[Choice]
    max_bill: Amount
    channel: int
    deadline: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class Code:
    """A signed code.

    Attributes:
        signature: the holder's own.
        document: the EIP-712 document that was signed, as JSON.
        receipt: with its salt, where it was given in clear.
    """

    signature: bytes
    holder: Address
    digest: Hash
    text: str
    document: dict[str, object]
    receipt: Receipt | None
    block: BlockRef


class CodeMaker:
    """Makes codes. It signs what is asked: whether the rules allow it is judged when it is redeemed. Thread-safe."""

    def __init__(self, fresh: FreshReads, signatures: Signatures, wallet: Wallet | None) -> None:
        """A node without a wallet has None."""
        self._fresh = fresh
        self._signatures = signatures
        self._wallet = wallet

    def make(self, request: CodeRequest) -> Code:
        """Signs a code for a custodial holder.

        Raises:
            WalletMissing: this node keeps no wallet.
            ProgrammeUnknown: no such programme.
            VoucherNotFound: a voucher without an amount whose face value is not known.
        """
        wallet = self._require_wallet()
        receipt = request.receipt
        if receipt is not None and not receipt.salt:
            receipt = replace(receipt, salt=secrets.token_bytes(SALT_BYTES))
        with self._fresh.open() as (reader, now):
            programme = _programme(reader, request.programme)
            batches = [_batch(reader, choice.voucher) for choice in request.choices]
            item = Item(
                spends=tuple(spend_of(reader, *chosen) for chosen in zip(request.choices, batches, strict=True)),
                merchant=request.merchant,
                bill=_bill(request, receipt, batches),
                receipt=self._receipt_hash(request, receipt),
                channel=request.channel,
                deadline=request.deadline or _default_deadline(_rules_of(reader, programme, batches), now),
            )
            block = reader.block
        digest = self._signatures.digest(item)
        signed = item.signed(wallet.sign(programme.ref, request.person, bytes.fromhex(digest[2:])))
        return Code(
            signature=signed.signature,
            holder=wallet.address(programme.ref, request.person),
            digest=digest,
            text=encode_code(signed),
            document=self._signatures.document(signed),
            receipt=receipt,
            block=block,
        )

    def make_open(self, request: OpenCodeRequest) -> Code:
        """Signs a code that names no merchant, for a custodial holder. Raises as `make`."""
        wallet = self._require_wallet()
        with self._fresh.open() as (reader, now):
            programme = _programme(reader, request.programme)
            batches = [_batch(reader, choice.voucher) for choice in request.choices]
            code = OpenCode(
                spends=tuple(spend_of(reader, *chosen) for chosen in zip(request.choices, batches, strict=True)),
                max_bill=request.max_bill,
                channel=request.channel,
                deadline=request.deadline or _open_deadline(_rules_of(reader, programme, batches), now),
            )
            block = reader.block
        digest = self._signatures.open_digest(code)
        signed = replace(code, signature=wallet.sign(programme.ref, request.person, bytes.fromhex(digest[2:])))
        return Code(
            signature=signed.signature,
            holder=wallet.address(programme.ref, request.person),
            digest=digest,
            text=encode_open_code(signed),
            document=self._signatures.open_document(signed),
            receipt=None,
            block=block,
        )

    def vouchers(
        self, programme_name: str | ProgrammeId, person: str, *, limit: int, after: VoucherId | None
    ) -> tuple[Address, list[VoucherFacts], BlockRef, UnixSeconds]:
        """A custodial person's address and vouchers in a programme. Raises as `make`."""
        wallet = self._require_wallet()
        with self._fresh.open() as (reader, now):
            programme = _programme(reader, programme_name)
            holder = wallet.address(programme.ref, person)
            return holder, reader.vouchers_of(holder, programme.id, limit=limit, after=after), reader.block, now

    def _require_wallet(self) -> Wallet:
        if self._wallet is None:
            raise WalletMissing("this node keeps no wallet")
        return self._wallet

    def _receipt_hash(self, request: CodeRequest, receipt: Receipt | None) -> Hash:
        if receipt is not None:
            return self._signatures.keccak(receipt.canonical())
        assert request.receipt_hash is not None
        return request.receipt_hash


def _programme(reader: Reader, name: str | ProgrammeId) -> Programme:
    found = reader.programme_by_ref(name) if isinstance(name, str) else reader.programme(name)
    if found is None:
        raise ProgrammeUnknown(f"programme {name}")
    return found


def _batch(reader: Reader, voucher: VoucherId) -> Batch | None:
    return reader.batch(split_voucher(voucher)[0]) if voucher >> VOUCHER_BITS == 0 else None


def spend_of(reader: Reader, choice: Choice, batch: Batch | None) -> Spend:
    """By the amount chosen, and stored value's next sequence.

    Raises:
        VoucherNotFound: neither an amount nor the voucher's batch is known.
    """
    if batch is None:
        if choice.amount is None:
            raise VoucherNotFound(f"voucher {choice.voucher}")
        return Spend(choice.voucher, choice.amount)
    facts = reader.voucher(choice.voucher) if batch.kind == VoucherKind.STORED else None
    taken = UNTOUCHED if facts is None else facts.taken
    return Spend(choice.voucher, rest_of(batch, taken) if choice.amount is None else choice.amount, taken.sequence)


def _bill(request: CodeRequest, receipt: Receipt | None, batches: Sequence[Batch | None]) -> Amount:
    if request.bill is not None:
        return request.bill
    assert receipt is not None
    return Amount(max(0, receipt.counted(categories_of(batch for batch in batches if batch is not None))))


def _rules_of(reader: Reader, programme: Programme, batches: Sequence[Batch | None]) -> Rules | None:
    """Those the first voucher's batch was opened under."""
    version = batches[0].rules_version if batches and batches[0] is not None else programme.rules_version
    return reader.rules(programme.id, version)


def _default_deadline(rules: Rules | None, now: UnixSeconds) -> UnixSeconds:
    return UnixSeconds(now + (DEFAULT_SECONDS if rules is None else min(DEFAULT_SECONDS, rules.max_deadline)))


def _open_deadline(rules: Rules | None, now: UnixSeconds) -> UnixSeconds:
    allowed = 0 if rules is None else min(rules.open_seconds, rules.max_deadline)
    return UnixSeconds(now + (allowed or MAX_OPEN_SECONDS))
