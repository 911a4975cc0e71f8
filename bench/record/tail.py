"""The redemptions that a chain is given beyond those it really took: which voucher, where, when, and the answers that tell them.

The answers have the shape of the engine's own (a test compares them); only what nobody reads of a block is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from bench.record.folder import BATCHES, FACES, MERCHANTS
from node_api.chain.contracts import contract
from node_api.chain.rpc_values import Json
from node_api.domain.events import Header
from node_api.domain.ids import MAX_PLACES, BatchId, MerchantId, Place, RollId, VoucherId, voucher_id

CALL, CALLS = 100, 20
"""Redemptions in a transaction, and transactions in a block."""
_EACH = 12_000
"""Gas of a redemption."""
_STRIDES = (7_368_787, 7_368_793, 7_368_841)
"""Primes: one that does not divide the size goes through all vouchers without order."""


class Redeemed(NamedTuple):
    """One redemption as its log tells it."""

    number: int
    voucher: VoucherId
    merchant: MerchantId
    receipt: bytes
    digest: bytes
    amount: int
    rules_version: int


class Placed(NamedTuple):
    """A transaction in its block."""

    block: Header
    position: int
    hash: bytes
    sender: str
    vouchers: str


@dataclass(frozen=True, slots=True)
class Tail:
    """So many redemptions behind a block, of a folder's vouchers, each of another one.

    Attributes:
        base: the chain's own newest block.
        redemptions: how many; as many as there are vouchers at most, a whole number of blocks.
        seconds: from one block to the next.
        first_batch, first_roll, first_merchant: the numbers that the chain gave to the folder's first ones.
        sender: the relayer.
        vouchers: address of `Vouchers`.
    """

    base: Header
    redemptions: int
    seconds: int
    sender: str
    vouchers: str
    first_batch: int = 1
    first_roll: int = 1
    first_merchant: int = 1

    @property
    def head(self) -> int:
        """Number of the newest block."""
        return self.base.number - (-self.redemptions // (CALL * CALLS))

    def header(self, number: int) -> Header:
        """A block of the tail, or the one it begins behind."""
        if number == self.base.number:
            return self.base
        parent = self.base.hash if number == self.base.number + 1 else _hash("block", number - 1)
        at = self.base.timestamp + self.seconds * (number - self.base.number)
        return Header(number, _hash("block", number), parent, at)

    def calls(self, number: int) -> list[list[Redeemed]]:
        """The redemptions of a block, call by call."""
        first = (number - self.base.number - 1) * CALL * CALLS
        stride = next(one for one in _STRIDES if self.redemptions % one)
        return [
            [self._redeemed(at, stride) for at in range(begin, min(begin + CALL, self.redemptions))]
            for begin in range(first, min(first + CALL * CALLS, self.redemptions), CALL)
        ]

    def _redeemed(self, at: int, stride: int) -> Redeemed:
        drawn = at * stride % self.redemptions
        holder, batch = divmod(drawn, BATCHES)
        roll, place = divmod(holder, MAX_PLACES)
        seed = sha256(at.to_bytes(8)).digest()
        return Redeemed(
            number=at + 1,
            voucher=voucher_id(BatchId(self.first_batch + batch), RollId(self.first_roll + roll), Place(place)),
            merchant=MerchantId(self.first_merchant + seed[0] * MERCHANTS // 256),
            receipt=seed,
            digest=seed[::-1],
            amount=FACES[batch],
            rules_version=1,
        )

    def block(self, number: int) -> dict[str, Json]:
        """The answer to `eth_getBlockByNumber`."""
        header, calls = self.header(number), self.calls(number)
        sent: list[Json] = [_text(_hash("call", number, index)) for index in range(len(calls))]
        return block_answer(header, sent, _EACH * sum(map(len, calls)))

    def receipts(self, number: int) -> list[Json]:
        """The answer to `eth_getBlockReceipts`."""
        header, log_index, answers = self.header(number), 0, list[Json]()
        for index, call in enumerate(self.calls(number)):
            placed = Placed(header, index, _hash("call", number, index), self.sender, self.vouchers)
            answers.append(receipt_answer(placed, call, _hash("commitment", number, index), log_index))
            log_index += len(call) + 1
        return answers


def block_answer(header: Header, sent: list[Json], gas: int) -> dict[str, Json]:
    """A block without its transactions, as the engine answers it."""
    return {
        "number": hex(header.number),
        "hash": _text(header.hash),
        "parentHash": _text(header.parent),
        "timestamp": hex(header.timestamp),
        "gasUsed": hex(gas),
        "transactions": sent,
    }


def receipt_answer(placed: Placed, call: Sequence[Redeemed], commitment: bytes, log_index: int) -> dict[str, Json]:
    """The receipt of a call that redeemed, as the engine answers it; its logs begin with this index."""
    topics = contract("Vouchers").topics
    redeemed, committed = (_text(topics[name]) for name in ("VoucherRedeemed", "RedemptionsCommitted"))
    place: dict[str, Json] = {
        "address": placed.vouchers,
        "blockHash": _text(placed.block.hash),
        "blockNumber": hex(placed.block.number),
        "blockTimestamp": hex(placed.block.timestamp),
        "transactionHash": _text(placed.hash),
        "transactionIndex": hex(placed.position),
        "removed": False,
    }
    logs: list[Json] = [
        {
            **place,
            "topics": [redeemed, f"0x{one.voucher:064x}", f"0x{one.merchant:064x}"],
            "data": f"0x{one.receipt.hex()}{one.digest.hex()}{one.amount:064x}{one.rules_version:064x}{one.number:064x}",
            "logIndex": hex(at),
        }
        for at, one in enumerate(call, start=log_index)
    ]
    closing = [committed, f"0x{call[0].number:064x}"]
    data = f"0x{len(call):064x}{commitment.hex()}"
    logs.append({**place, "topics": list[Json](closing), "data": data, "logIndex": hex(log_index + len(call))})
    return {
        "transactionHash": place["transactionHash"],
        "transactionIndex": place["transactionIndex"],
        "blockHash": place["blockHash"],
        "blockNumber": place["blockNumber"],
        "from": placed.sender,
        "to": placed.vouchers,
        "status": "0x1",
        "logs": logs,
    }


def _text(raw: bytes) -> str:
    return "0x" + raw.hex()


def _hash(kind: str, *numbers: int) -> bytes:
    return sha256(repr((kind, *numbers)).encode()).digest()
