"""The relayer: calls signed by OPERATOR, `redeem` among them. Implements the ports `Relay` and `RedemptionRelay`."""

import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile

from eth_account.signers.local import LocalAccount

from node_api.chain.clock import ChainClock
from node_api.chain.contracts import explain_revert
from node_api.chain.eip712 import domain_separator
from node_api.chain.gas_learnt import LearntGas
from node_api.chain.receipts_in_hand import ReceiptsInHand
from node_api.chain.redeem_codec import consents_to, encode_redeem, read_verdicts
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import quantity, record
from node_api.chain.sender import (
    NonceTaken,
    Receipt,
    Sender,
    SignedTransaction,
    TxHash,
    final_nonce_of,
    nonce_of,
    read_receipt,
    receipt_of,
    receipts_of,
    submit,
)
from node_api.domain.finality import Finality
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.item_words import ItemGroup
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall, Verdict
from node_api.services.ports.relaying import CallNotTaken, CallOutcome, NonceLost
from node_api.services.waits import pause

# Bounds, not estimates: gas is free here, and what is not used is given back. A contract holder may take 100,000 to answer.
_GAS_CALL, _GAS_ITEM, _GAS_VOUCHER, _GAS_CONSENT = 200_000, 250_000, 150_000, 50_000
_GAS_NOTHING = 21_000  # of any transaction, by the Yellow Paper


class Relayer:
    """See the port. One relayer for an account at a time, or nonces collide."""

    def __init__(
        self,
        rpc: RpcClient,
        account: LocalAccount,
        chain_id: int,
        vouchers: Address,
        in_hand: ReceiptsInHand | None = None,
    ) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            account: OPERATOR's, listed as relayer in the contract.
            chain_id: EIP-155 chain id.
            vouchers: address of `Vouchers`.
            in_hand: receipts that were asked for, shared with whoever follows the chain.
        """
        self._in_hand = in_hand or ReceiptsInHand()
        self._rpc = rpc
        self._sender = Sender(rpc, account, chain_id)
        self._vouchers = vouchers
        self._domain = domain_separator(chain_id, vouchers)
        self._clock = ChainClock(rpc)
        self._nonce: int | None = None  # of the next call; None: the chain's next
        self._seen: dict[Hash, Receipt] = {}
        self._looked_at: int | None = None  # the chain's height, where nothing more was final
        self._height: int | None = None
        self._made_at = UnixSeconds(0)
        self._depths: dict[Hash, Finality] = {}  # of calls in blocks that are not final
        self._block_gas: int | None = None  # what the network agreed on
        self._learnt = LearntGas()
        self._movable: bool | None = None
        self._time_lent = 0

    @property
    def sender(self) -> Address:
        """See the port."""
        return Address(self._sender.address.lower())

    def sign(self, groups: Sequence[ItemGroup]) -> SentCall:
        """See the port."""
        items = [item for group in groups for item in group.items]
        gas = _GAS_CALL + _GAS_ITEM * len(items) + _GAS_VOUCHER * sum(item.voucher_count for item in items)
        consents = consents_to(groups, self._domain)
        return self.sign_call(self._vouchers, encode_redeem(groups, consents), gas + _GAS_CONSENT * len(consents))

    def sign_call(self, to: Address, calldata: bytes, gas: int) -> SentCall:
        """Signs the next call of the account; nothing is sent. Its nonce: see `number`.

        More gas than a block has is not asked for: no node would take the call, though it uses a fraction of its bound.
        """
        self._sender.next_nonce(self._nonce)
        signed = self._sender.sign(to, calldata, min(gas, self._gas_of_a_block()))
        return SentCall(Hash(signed.hash), signed.nonce, self.sender, signed.raw)

    def _gas_of_a_block(self) -> int:
        if self._block_gas is None:
            self._block_gas = quantity(record(self._rpc.call("eth_getBlockByNumber", ["latest", False]))["gasLimit"])
        return self._block_gas

    def number(self, nonce: int | None) -> None:
        """See the port."""
        self._nonce = nonce

    def look(self, calls: Sequence[SentCall]) -> int:
        """See the port. What a chain says of a later call while an earlier one is not there yet is left for the next look."""
        self._seen.clear()
        if self._rpc.profile.confirmations:
            calls = self._final(calls)
        elif self._told(calls):
            return len(self._seen)
        for call, receipt in zip(calls, receipts_of(self._rpc, map(_signed, calls)), strict=True):
            if receipt is None:
                break
            self._seen[call.hash] = receipt
            self._in_hand.keep(receipt.told)
        return len(self._seen)

    def is_told(self, call: SentCall) -> bool:
        """See the port."""
        return not self._rpc.profile.confirmations and call.hash in self._in_hand

    def _told(self, calls: Sequence[SentCall]) -> bool:
        """Takes note of the first of them that whoever follows the chain was told of; says whether there is any."""
        for call in calls:
            told = self._in_hand.take(call.hash)
            if told is None:
                break
            self._seen[call.hash] = read_receipt(told)
        return bool(self._seen)

    def _final(self, calls: Sequence[SentCall]) -> list[SentCall]:
        """Those of the first whose nonces are used up for good; nobody is asked again before there is a new block."""
        head = quantity(self._rpc.call("eth_blockNumber"))
        if head == self._looked_at:
            return []
        deep = self._rpc.profile.confirmations
        tags = [hex(max(0, head - on_top)) for on_top in (deep, 1, 0)]
        questions: list[Request] = [("eth_getTransactionCount", (self._sender.address, tag)) for tag in tags]
        *nonces, newest = self._rpc.batch([*questions, ("eth_getBlockByNumber", ("latest", False))])
        final, confirmed, seen = map(quantity, nonces)
        self._height, self._made_at = head, UnixSeconds(quantity(record(newest)["timestamp"]))
        self._depths = {
            call.hash: Finality.CONFIRMED if call.nonce < confirmed else Finality.SEEN
            for call in calls
            if final <= call.nonce < seen
        }
        found = list(takewhile(lambda call: call.nonce < final, calls))
        self._looked_at = None if found else head
        return found

    @property
    def height(self) -> int | None:
        """See the port."""
        return self._height

    @property
    def made_at(self) -> UnixSeconds:
        """See the port."""
        return self._made_at

    def depth(self, transaction: Hash) -> Finality | None:
        """See the port."""
        return self._depths.get(transaction)

    def gas_of(self, call: SentCall) -> int:
        """See the port."""
        return self._learnt.of(call)

    def next_nonce(self) -> int:
        """See the port."""
        return nonce_of(self._rpc, self._sender.address)

    def send(self, call: SentCall) -> None:
        """See the port."""
        try:
            self._submit(_signed(call))
        except NonceTaken as error:
            raise NonceLost(str(error)) from error

    def fill(self, nonce: int) -> None:
        """See the port."""
        self._sender.next_nonce(nonce)
        with suppress(NonceTaken):
            self._submit(self._sender.sign(self._sender.address, b"", _GAS_NOTHING))

    def _submit(self, signed: SignedTransaction) -> None:
        try:
            submit(self._rpc, signed)
        except RpcError as error:
            self._block_gas = None  # it may have been lowered, and the call asks for more
            raise CallNotTaken(str(error)) from error

    def restore(self, call: SentCall, block_time: UnixSeconds) -> None:
        """See the port."""
        if self._movable is None:
            self._movable = self._clock.movable()
        if self._movable and self._clock.last_block_time() <= block_time:
            self._time_lent = quantity(record(self._rpc.call("eth_getBlockByNumber", ["pending", False]))["timestamp"])
            self._clock.set_next_block(block_time)
        self.send(call)

    def outcome(self, call: SentCall, groups: Sequence[ItemGroup], seconds: float) -> CallOutcome[Verdict] | None:
        """See the port."""
        landed = self.landed(call, seconds)
        if landed is None:
            return None
        receipt, block = landed
        if not receipt.succeeded:
            calldata = encode_redeem(groups, consents_to(groups, self._domain))
            return CallOutcome(block, None, self.why(call, self._vouchers, calldata, receipt.block))
        return CallOutcome(block, tuple(read_verdicts(receipt.logs, self._vouchers, groups)))

    def landed(self, call: SentCall, seconds: float) -> tuple[Receipt, BlockRef] | None:
        """The receipt of a call and its block; None where it is in no block after so many seconds."""
        deadline, looks = time.monotonic() + seconds, 0
        receipt = self._seen.pop(call.hash, None)
        while receipt is None and (receipt := self._final_receipt(call)) is None:
            if time.monotonic() > deadline:
                return None
            looks += 1
            time.sleep(pause(looks))
        self._learnt.note(call, receipt.gas_used)
        block = self._block(receipt)
        self._return_time(block.timestamp)
        return receipt, block

    def _final_receipt(self, call: SentCall) -> Receipt | None:
        if self._rpc.profile.confirmations and final_nonce_of(self._rpc, call.sender) <= call.nonce:
            return None
        return receipt_of(self._rpc, TxHash(call.hash))

    def _return_time(self, now: UnixSeconds) -> None:
        """Gives the next block the time that it had before a restored call took its turn."""
        if self._time_lent > now:
            self._clock.set_next_block(self._time_lent)
        self._time_lent = 0

    def _block(self, receipt: Receipt) -> BlockRef:
        told = receipt.logs[0].get("blockTimestamp") if receipt.logs else None
        if told is not None:  # newer engines say it in every log
            return BlockRef(receipt.block, Hash(receipt.block_hash), UnixSeconds(quantity(told)))
        header = record(self._rpc.call("eth_getBlockByHash", [receipt.block_hash, False]))
        return BlockRef(receipt.block, Hash(receipt.block_hash), UnixSeconds(quantity(header["timestamp"])))

    def why(self, call: SentCall, to: Address, calldata: bytes, block: int) -> str:
        """Runs a refused call again to learn the reason."""
        trial = {"from": call.sender, "to": to, "data": "0x" + calldata.hex()}
        try:
            self._rpc.call("eth_call", [dict(trial), hex(block)])
        except RpcError as error:
            return explain_revert(error.data) if error.data else error.message
        return "refused, though a trial run at the same block is not: out of gas"


def _signed(call: SentCall) -> SignedTransaction:
    return SignedTransaction(call.raw, TxHash(call.hash), call.sender, call.nonce)
