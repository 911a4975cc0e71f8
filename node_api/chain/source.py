"""The chain as the indexer follows it: headers, senders, logs and rolls of neighbouring blocks, checked against each other.

What is believed: every block names the one before it, every log names the hash of its block, and a block whose bloom
filter knows one of our contracts has logs. A node that lags behind, or a chain that moves under our feet, fails one of
these and is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from eth_utils.crypto import keccak

from node_api.chain.events import INDEXED_CONTRACTS, decode_log
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.domain.events import Header, Logged, Page, RollWritten, Sent
from node_api.services.ports.indexing import PageUnsettled

_NO_BLOCK = "block {number} is gone"


class ChainLogs:
    """Implements the port `ChainSource` over JSON-RPC."""

    def __init__(self, rpc: RpcClient, contracts: Mapping[str, str], *, chain_id: int, first_block: int = 0) -> None:
        """Asks nothing yet.

        Args:
            rpc: the way to the chain.
            contracts: address (0x-hex) of each contract by its name; those not indexed are passed over.
            chain_id: EIP-155 chain id, part of the identity.
            first_block: where the first of the contracts was deployed, or any block before.
        """
        self._rpc, self._chain_id, self._first_block = rpc, chain_id, first_block
        self._names = {contracts[name].lower(): name for name in INDEXED_CONTRACTS}
        self._newest: dict[str, Json] | None = None
        self._bloom_bits = [_bloom_bits(bytes.fromhex(address[2:])) for address in self._names]

    def identity(self) -> str:
        """Chain id and the contracts' addresses."""
        return f"chain {self._chain_id}: " + " ".join(f"{name}={address}" for address, name in self._names.items())

    @property
    def first_block(self) -> int:
        """See the port."""
        return self._first_block

    def head(self) -> Header:
        """See the port. The block is kept: mostly it is the next page."""
        self._newest = record(self._rpc.call("eth_getBlockByNumber", ["latest", True]))
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
        logs = self._logs(headers)
        for block, header in zip(blocks, headers, strict=True):
            if header.number not in logs and self._bloom_knows_us(data(block["logsBloom"])):
                self._require_silent(block, header)
        events = [logged for number in sorted(logs) for logged in map(_decoded, logs[number])]
        flat = [logged for some in events for logged in some]
        sent = {(logged.block, logged.tx_index) for logged in flat}
        transactions = [one for block in blocks for one in _senders(block, sent)]
        return Page(headers, transactions, self._with_holders(flat, headers[-1]))

    def _blocks(self, first: int, last: int) -> list[dict[str, Json]]:
        newest = self._newest
        if newest is not None and first == last == quantity(newest["number"]):
            return [newest]
        questions: list[Request] = [("eth_getBlockByNumber", (hex(n), True)) for n in range(first, last + 1)]
        answers = self._rpc.batch(questions)
        if any(answer is None for answer in answers):
            raise PageUnsettled(_NO_BLOCK.format(number=first + answers.index(None)))
        return [record(answer) for answer in answers]

    def _logs(self, headers: list[Header]) -> dict[int, list[tuple[str, dict[str, Json]]]]:
        """Logs with their contract's name by block, in the order of the chain; the same node must know the last block."""
        asked: dict[str, Json] = {
            "fromBlock": hex(headers[0].number),
            "toBlock": hex(headers[-1].number),
            "address": list(self._names),
        }
        logs, last = self._batch_unless_moved(
            [("eth_getLogs", (asked,)), ("eth_getBlockByNumber", (hex(headers[-1].number), False))]
        )
        self._require_same(last, headers[-1])
        hashes = {header.number: "0x" + header.hash.hex() for header in headers}
        found: dict[int, list[tuple[str, dict[str, Json]]]] = {}
        for log in map(record, rows(logs)):
            number = quantity(log["blockNumber"])
            if hashes.get(number) != log["blockHash"] or log.get("removed"):
                raise PageUnsettled(f"a log names block {number} by another hash")
            found.setdefault(number, []).append((self._names[text(log["address"]).lower()], log))
        for some in found.values():
            some.sort(key=lambda entry: quantity(entry[1]["logIndex"]))
        return found

    def _require_silent(self, block: dict[str, Json], header: Header) -> None:
        """The bloom filter says maybe: the receipts know, and a node that does not have the block has none."""
        sent = [text(record(entry)["hash"]) for entry in rows(block["transactions"])]
        for answer in self._batch_unless_moved([("eth_getTransactionReceipt", (one,)) for one in sent]):
            if answer is None or data(record(answer)["blockHash"]) != header.hash:
                raise PageUnsettled(f"block {header.number} has transactions without receipts")
            if any(text(record(log)["address"]).lower() in self._names for log in rows(record(answer)["logs"])):
                raise PageUnsettled(f"block {header.number} has logs that were not answered")

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

    def _bloom_knows_us(self, bloom: bytes) -> bool:
        word = int.from_bytes(bloom, "big")
        return any(word & bits == bits for bits in self._bloom_bits)


def _header(block: dict[str, Json]) -> Header:
    return Header(
        quantity(block["number"]), data(block["hash"]), data(block["parentHash"]), quantity(block["timestamp"])
    )


def _senders(block: dict[str, Json], wanted: set[tuple[int, int]]) -> list[Sent]:
    number = quantity(block["number"])
    sent = []
    for entry in map(record, rows(block["transactions"])):
        index = quantity(entry["transactionIndex"])
        if (number, index) in wanted:
            sent.append(Sent(number, index, data(entry["hash"]), data(entry["from"])))
    return sent


def _decoded(entry: tuple[str, dict[str, Json]]) -> list[Logged]:
    contract, log = entry
    block, tx_index = quantity(log["blockNumber"]), quantity(log["transactionIndex"])
    log_index = quantity(log["logIndex"])
    topics = [text(topic) for topic in rows(log["topics"])]
    events = decode_log(contract, topics, data(log["data"]))
    return [Logged(block, tx_index, log_index, event) for event in events]


def _bloom_bits(value: bytes) -> int:
    """The three bits an address sets in a block's filter of 2,048 bits (Yellow Paper, section 4.3.1)."""
    digest = keccak(value)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits
