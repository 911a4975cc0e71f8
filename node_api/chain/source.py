"""The chain as the indexer follows it: headers, senders, logs and rolls of neighbouring blocks, checked against each other.

What is believed: every block names the one before it, and has a receipt for each of its transactions, which names the block
and has logs where its bloom filter says so.
A node that lags behind, or a chain that moves under our feet, fails one of these and is asked again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

from node_api.chain.events import INDEXED_CONTRACTS, EventUnknown, decoders
from node_api.chain.receipts_in_hand import ReceiptsInHand
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import ForeignChain, RpcError, RpcProtocolError
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.domain.events import Header, Logged, Page, RollWritten, Sent
from node_api.services.ports.indexing import PageUnsettled

_NO_BLOCK = "block {number} is gone"
_PAGE_GAS = 600_000_000
"""Blocks of more gas than this are no page together: it is some 50,000 redemptions, and what their receipts take in memory."""

_logged = partial(tuple.__new__, Logged)
"""Of its fields as a tuple: a named one's own way takes twice as long, once for each event."""


class ChainLogs:
    """Implements the port `ChainSource` over JSON-RPC."""

    def __init__(
        self,
        rpc: RpcClient,
        contracts: Mapping[str, str],
        *,
        own: tuple[int, str],
        first_block: int = 0,
        in_hand: ReceiptsInHand | None = None,
    ) -> None:
        """Asks nothing yet.

        Args:
            rpc: the way to the chain.
            contracts: address (0x-hex) of each contract by its name; those not indexed are passed over.
            own: chain id and genesis hash of the chain they are on; the id is part of the identity.
            first_block: where the first of the contracts was deployed, or any block before.
            in_hand: receipts that were asked for already.
        """
        self._rpc, self._own, self._first_block = rpc, own, first_block
        self._names = {contracts[name].lower(): name for name in INDEXED_CONTRACTS}
        self._decoders = {address: decoders()[name] for address, name in self._names.items()}
        self._newest: dict[str, Json] | None = None
        self._in_hand = in_hand or ReceiptsInHand()

    def identity(self) -> str:
        """Chain id and the contracts' addresses."""
        return f"chain {self._own[0]}: " + " ".join(f"{name}={address}" for address, name in self._names.items())

    def require_own(self) -> None:
        """See the port. Raises ForeignChain."""
        contract = next(iter(self._names))
        genesis, code = self._rpc.batch(
            [("eth_getBlockByNumber", ("0x0", False)), ("eth_getCode", (contract, "latest"))]
        )
        theirs, ours = text(record(genesis)["hash"]).lower(), self._own[1]
        if theirs != ours:
            raise ForeignChain.at(self._rpc.address, "genesis hash", theirs, ours)
        if not data(code):
            raise ForeignChain.at(self._rpc.address, f"code at {contract}", "empty", "a contract")

    @property
    def first_block(self) -> int:
        """See the port."""
        return self._first_block

    def head(self) -> Header:
        """See the port. The block is kept: mostly it is the next page."""
        self._newest = record(self._rpc.call("eth_getBlockByNumber", ["latest", False]))
        return _header(self._newest)

    def header(self, number: int) -> Header | None:
        """See the port."""
        block = self._rpc.call("eth_getBlockByNumber", [hex(number), False])
        return None if block is None else _header(record(block))

    def page(self, first: int, last: int) -> Page:
        """See the port."""
        blocks = self._blocks(first, last)
        headers = [_header(block) for block in blocks]
        for before, after in pairwise(headers):
            if after.parent != before.hash:
                raise PageUnsettled(f"block {after.number} does not follow block {before.number}")
        try:
            events, senders = self._read(blocks, headers)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
            raise RpcProtocolError(f"no receipts as they should be: {type(fault).__name__}: {fault}") from fault
        return Page(headers, senders, self._with_holders(events, headers[-1]))

    def _blocks(self, first: int, last: int) -> list[dict[str, Json]]:
        """The blocks, without their transactions; as many as may hold a page's worth of logs."""
        newest = self._newest
        if newest is not None and first == last == quantity(newest["number"]):
            return [newest]
        questions: list[Request] = [("eth_getBlockByNumber", (hex(n), False)) for n in range(first, last + 1)]
        answers = self._rpc.batch(questions)
        if any(answer is None for answer in answers):
            raise PageUnsettled(_NO_BLOCK.format(number=first + answers.index(None)))
        blocks = [record(answer) for answer in answers]
        gas = list(accumulate(quantity(block["gasUsed"]) for block in blocks))
        return blocks[: max(1, bisect_right(gas, _PAGE_GAS))]

    def _read(self, blocks: list[dict[str, Json]], headers: list[Header]) -> tuple[list[Logged], list[Sent]]:
        """What our contracts logged in these blocks, and who sent it.

        Raises:
            PageUnsettled: receipts are missing, or of another block.
        """
        full = [at for at, block in enumerate(blocks) if block["transactions"]]
        events, senders = list[Logged](), list[Sent]()
        for at, (answer, asked) in zip(full, self._receipts([blocks[at] for at in full]), strict=True):
            number, sent = headers[at].number, rows(blocks[at]["transactions"])
            receipts: list[Any] = answer if isinstance(answer, list) else []
            if [receipt["transactionHash"] for receipt in receipts] != sent:
                raise PageUnsettled(f"block {number} has {len(sent)} transactions and {len(receipts)} receipts")
            for tx_index, receipt in enumerate(receipts):
                logs, before = receipt["logs"], len(events)
                if receipt["blockHash"] != blocks[at]["hash"]:
                    raise PageUnsettled(f"a receipt names block {number} by another hash")
                if not logs and receipt["logsBloom"].strip("0x"):
                    raise PageUnsettled(f"a receipt of block {number} is without its logs")
                if asked:
                    self._in_hand.keep(receipt)
                self._decode(logs, number, tx_index, events)
                if len(events) > before:
                    senders.append(Sent(number, tx_index, data(receipt["transactionHash"]), data(receipt["from"])))
        return events, senders

    def _receipts(self, blocks: list[dict[str, Json]]) -> list[tuple[Json, bool]]:
        """Those of each block, and whether they had to be asked for: they were not in hand."""
        held = [self._in_hand.take_block(one["hash"], rows(one["transactions"])) for one in blocks]
        missing = [one for one, receipts in zip(blocks, held, strict=True) if receipts is None]
        answers = iter(self._batch_unless_moved([("eth_getBlockReceipts", (one["number"],)) for one in missing]))
        return [(next(answers), True) if receipts is None else (list(receipts), False) for receipts in held]

    def _decode(self, logs: list[Any], block: int, tx_index: int, events: list[Logged]) -> None:
        """Adds the events of a transaction. Here following a chain spends its time: what is no log fails, unasked."""
        contracts = self._decoders
        for log in logs:
            decoders = contracts.get(log["address"]) or contracts.get(log["address"].lower())
            if decoders is None:
                continue  # not ours
            topics = log["topics"]
            decoder = decoders.get(topics[0])
            if decoder is None:
                name = self._names[log["address"].lower()]
                raise EventUnknown(f"{name} logged an event this release does not know: topic {topics[0]}")
            place = int(log["logIndex"], 16)
            found = decoder(topics, bytes.fromhex(log["data"][2:]))
            events += [_logged((block, tx_index, place, event)) for event in found]

    def _with_holders(self, events: list[Logged], last: Header) -> list[Logged]:
        """Fills in the holders of rolls from their data contracts."""
        rolls = [(at, one.event) for at, one in enumerate(events) if isinstance(one.event, RollWritten)]
        if not rolls:
            return events
        questions: list[Request] = [("eth_getCode", ("0x" + roll.pointer.hex(), "latest")) for _, roll in rolls]
        *codes, block = self._batch_unless_moved([*questions, ("eth_getBlockByNumber", (hex(last.number), False))])
        self._require_same(block, last)
        for (at, roll), answer in zip(rolls, codes, strict=True):
            code = data(answer)
            if len(code) != 20 * roll.places + 1 or code[0] != 0:
                raise PageUnsettled(f"roll {roll.roll} has {len(code)} bytes of code for {roll.places} places")
            events[at] = events[at]._replace(event=replace(roll, holders=code[1:]))
        return events

    def _batch_unless_moved(self, questions: list[Request]) -> list[Json]:
        """A refusal here means that the node asked does not have the blocks (yet, or any more)."""
        try:
            return self._rpc.batch(questions)
        except RpcError as error:
            raise PageUnsettled(str(error)) from error

    @staticmethod
    def _require_same(block: Json, header: Header) -> None:
        if block is None or data(record(block)["hash"]) != header.hash:
            raise PageUnsettled(_NO_BLOCK.format(number=header.number))


def _header(block: dict[str, Json]) -> Header:
    return Header(
        quantity(block["number"]), data(block["hash"]), data(block["parentHash"]), quantity(block["timestamp"])
    )
