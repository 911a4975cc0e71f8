"""Redeeming calls read back out of their transactions, for audits. Implements the port `SentCalls`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from node_api.chain.contracts import contract
from node_api.chain.eip712 import (
    as_hash,
    booking_digest,
    domain_separator,
    holder_digest,
    recover,
    redemption_digest,
    terminal_batch_digest,
)
from node_api.chain.hashing import keccak
from node_api.chain.redeem_codec import REASONS
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import data, record, text
from node_api.chain.signing import ERC1271_MAGIC
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend
from node_api.domain.models import BlockRef, Redemption
from node_api.domain.reservations import Reservation
from node_api.services.ports.auditing import SentItem, StateGone

_BOOK = contract("Vouchers").function("book")
_CALLS = (contract("Vouchers").function("redeem"), contract("Vouchers").function("redeemWithConsents"), _BOOK)
_CONTRACT_GAS = 200_000
_ZERO = "0x" + 40 * "0"
_LEAF = ("bytes32", "uint256", "uint256", "uint256", "address", "uint256", "uint256")

# `Group` and `Item` of contracts/types/Redemption.sol: what follows the signature in an item is of later rules.
_RawItem = tuple[tuple[tuple[int, int, int], ...], int, bytes, int, int, bytes]
_RawGroup = tuple[int, str, bytes, tuple[_RawItem, ...]]
_RawBookings = tuple[int, tuple[_RawItem, ...]]  # a reservation is laid out like an item


class RedeemCalls:
    """Asks for transactions, and for the answer of holders that are contracts."""

    def __init__(self, rpc: RpcClient, chain_id: int, vouchers: Address) -> None:
        """Asks nothing yet.

        Args:
            rpc: the chain.
            chain_id: EIP-155 chain id.
            vouchers: address of `Vouchers`: what must have been called, and the verifying contract of every signature.
        """
        self._rpc, self._vouchers = rpc, vouchers
        self._domain = domain_separator(chain_id, vouchers)

    def items(self, transaction: Hash) -> list[SentItem] | None:
        """See the port."""
        answer = self._rpc.call("eth_getTransactionByHash", [transaction])
        if answer is None:
            return None
        sent = record(answer)
        to, sender, calldata = sent.get("to"), text(sent["from"]), data(sent["input"])
        called = next((one for one in _CALLS if one.selector == calldata[:4]), None)
        if not isinstance(to, str) or to.lower() != self._vouchers.lower() or called is None:
            return None
        try:
            groups = decode(called.inputs, calldata[4:])[0]
        except DecodingError:
            return None
        if called is _BOOK:
            return [item for group in cast("tuple[_RawBookings, ...]", groups) for item in self._bookings(group)]
        return [item for group in cast("tuple[_RawGroup, ...]", groups) for item in self._group(group, sender)]

    def signed_by(self, holder: Address, sent: SentItem, block: BlockRef) -> str | None:
        """See the port."""
        digest = bytes.fromhex(sent.digest[2:])
        signature = sent.item.holders_signature
        signer = recover(digest, signature)
        if signer is not None and signer.lower() == holder.lower():
            return "ECDSA"
        return "ERC-1271" if self._contract_says_yes(holder, digest, signature, block) else None

    def reason(self, selector: str) -> str:
        """See the port."""
        return REASONS.get(data(selector), selector)

    def chained(self, redemptions: Sequence[Redemption]) -> Hash:
        """See the port."""
        commitment = bytes(32)
        for done in redemptions:
            commitment = keccak(commitment + leaf_hash(done))
        return as_hash(commitment)

    def _group(self, group: _RawGroup, sender: str) -> list[SentItem]:
        merchant, terminal, seal, raw = group[:4]
        items = [_item(merchant, item) for item in raw]
        digests = [redemption_digest(self._domain, item) for item in items]
        named = None if int(terminal, 16) == 0 else Address(terminal.lower())
        sealed = named is not None and (
            named == sender.lower() or self._is_sealed(named, MerchantId(merchant), digests, seal)
        )
        return [SentItem(item, as_hash(holder_digest(self._domain, item)), named, sealed) for item in items]

    def _bookings(self, group: _RawBookings) -> list[SentItem]:
        """Reservations, each as the item that the rules see."""
        found = [_reservation(group[0], raw) for raw in group[1]]
        return [SentItem(one.as_item(), as_hash(booking_digest(self._domain, one)), None, False) for one in found]

    def _is_sealed(self, terminal: Address, merchant: MerchantId, digests: list[bytes], seal: bytes) -> bool:
        signer = recover(terminal_batch_digest(self._domain, merchant, digests), seal)
        return signer is not None and signer.lower() == terminal

    def _contract_says_yes(self, holder: Address, digest: bytes, signature: bytes, block: BlockRef) -> bool:
        at = hex(block.number)
        try:
            if not data(self._rpc.call("eth_getCode", [holder, at])):
                return False
        except RpcError as error:
            raise StateGone(f"the chain does not keep the state of block {block.number}: {error.message}") from error
        question = ERC1271_MAGIC + encode(("bytes32", "bytes"), (digest, signature))
        call = {"to": str(holder), "data": "0x" + question.hex(), "gas": hex(_CONTRACT_GAS)}
        try:
            answer = data(self._rpc.call("eth_call", [dict(call), at]))
        except RpcError:
            return False
        return len(answer) >= 32 and answer[:32] == ERC1271_MAGIC.ljust(32, b"\0")


def _item(merchant: int, raw: _RawItem) -> Item:
    spends, bill, receipt, channel, deadline, signature = raw[:6]
    return Item(
        spends=tuple(Spend(VoucherId(voucher), Amount(amount), sequence) for voucher, amount, sequence in spends),
        merchant=MerchantId(merchant),
        bill=Amount(bill),
        receipt=as_hash(receipt),
        channel=channel,
        deadline=UnixSeconds(deadline),
        signature=signature,
    )


def _reservation(merchant: int, raw: _RawItem) -> Reservation:
    item = _item(merchant, raw)
    lapse_at = UnixSeconds(item.bill)
    return Reservation(item.spends, item.merchant, item.receipt, item.channel, lapse_at, item.deadline, item.signature)


def leaf_of(done: Redemption) -> tuple[object, ...]:
    """A redemption's leaf, as the call that redeemed it committed to it (docs/storage.md, section 1)."""
    digest = bytes.fromhex(done.digest[2:])
    terminal, time = done.terminal or _ZERO, done.tx.block.timestamp
    return (digest, done.voucher, done.amount, done.merchant, terminal, time, done.rules_version)


def leaf_hash(done: Redemption) -> bytes:
    """The hash of a redemption's leaf."""
    return keccak(encode(_LEAF, leaf_of(done)))
