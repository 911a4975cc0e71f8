"""What is looked at when a round is over: what tills asked and were told, the node's own tables, and what the chain has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Table, select

from bench.chaos.chain import Chain
from bench.chaos.tills import Asked, Street
from node_api.chain.contracts import contract
from node_api.chain.events import decoders
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.domain.events import RedemptionRefused, VoucherRedeemed
from node_api.domain.models import BlockRef
from node_api.domain.operations import Operation
from node_api.record import Record
from node_api.storage import operation_tables as t
from node_api.storage import tables as index
from node_api.storage.engine import reading
from node_api.storage.operations import Operations

E = TypeVar("E")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Logged(Generic[E]):
    """What the chain logged, and the transaction and block that it stands in."""

    event: E
    transaction: str
    block: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is compared.

    Attributes:
        asked: every key, with what was told.
        operations: of the node's database; so are `calls`, `claims` (on receipts), `refusals` (its log) and `checkpoint`.
        receipts: what the chain has of the calls, by hash.
        blocks: the chain's, by number.
        redeemed: what the chain logged as redeemed, in order; `refused` likewise.
        first_nonce: of the relayer, before the node's first call.
        first_block: that was made in this round.
        jumps: when the chain's clock began to jump, by the machine's, Unix seconds; and a block made after it.
        taken_back: blocks that the chain had before it took another path or was killed.
        unseen: numbers of blocks that nobody looked at before it was killed.
    """

    asked: Sequence[Asked]
    operations: Sequence[Operation]
    calls: Sequence[Row]
    claims: Sequence[Row]
    refusals: Sequence[Row]
    checkpoint: tuple[int, str] | None
    receipts: Mapping[bytes, Row | None]
    blocks: Mapping[int, BlockRef]
    redeemed: Sequence[Logged[VoucherRedeemed]]
    refused: Sequence[Logged[RedemptionRefused]]
    first_nonce: int
    first_block: int
    jumps: Sequence[tuple[float, int]]
    taken_back: frozenset[BlockRef]
    unseen: Sequence[range]

    @property
    def head(self) -> BlockRef:
        """The chain's newest block."""
        return self.blocks[max(self.blocks)]

    def had(self, block: BlockRef) -> bool:
        """Whether the chain has the block no more, and had it in this round, whole as it is said here.

        Of those that it made and lost with nobody looking no more is known than where they lie.
        """
        if block.hash in {one.hash for one in self.blocks.values()}:
            return False
        if block in self.taken_back:
            return True
        unknown = block.hash not in {one.hash for one in self.taken_back}
        in_time = self.blocks[self.first_block - 1].timestamp <= block.timestamp <= self.head.timestamp
        return unknown and in_time and any(block.number in numbers for numbers in self.unseen)


def gather(record: Record, chain: Chain, street: Street, vouchers: str, first_nonce: int) -> Evidence:
    """Looks, and changes nothing: see `check`."""
    with reading(record.engine) as connection:
        ids = list(connection.execute(select(t.operations.c.id)).scalars())
    calls = _rows(record.engine, t.outbox_calls)
    hashes = [bytes(one["hash"]) for one in calls]
    return Evidence(
        asked=list(street.asked),
        operations=[one for one in Operations(record.engine).get(ids) if one is not None],
        calls=calls,
        claims=_rows(record.engine, t.receipt_claims),
        refusals=_rows(record.engine, t.refusal_log),
        checkpoint=checkpoint(record.engine),
        receipts=dict(zip(hashes, chain.receipts(["0x" + one.hex() for one in hashes]), strict=True)),
        blocks={one.number: one for one in chain.blocks(0, chain.head())},
        redeemed=list(_logged(chain, vouchers, VoucherRedeemed, "VoucherRedeemed")),
        refused=list(_logged(chain, vouchers, RedemptionRefused, "RedemptionRefused", "RedemptionItemRefused")),
        first_nonce=first_nonce,
        first_block=chain.first,
        jumps=list(chain.jumps),
        taken_back=frozenset(chain.taken_back),
        unseen=list(chain.unseen),
    )


def checkpoint(engine: Engine) -> tuple[int, str] | None:
    """Number and hash of the block that the stored index stands on."""
    with reading(engine) as connection:
        found = connection.execute(select(index.checkpoint.c.number, index.checkpoint.c.hash)).one_or_none()
    return None if found is None else (found.number, "0x" + found.hash.hex())


def _rows(engine: Engine, table: Table) -> list[Row]:
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def _logged(chain: Chain, vouchers: str, kind: type[E], *names: str) -> Iterable[Logged[E]]:
    """Every event of these names, which are decoded as this kind, in the chain's order."""
    topics: list[Json] = ["0x" + contract("Vouchers").topics[name].hex() for name in names]
    logs = chain.rpc.call("eth_getLogs", [{"fromBlock": "0x0", "address": vouchers, "topics": [topics]}])
    decode = decoders()["Vouchers"]
    for log in sorted(
        map(record, rows(logs)), key=lambda one: (quantity(one["blockNumber"]), quantity(one["logIndex"]))
    ):
        found = [text(topic) for topic in rows(log["topics"])]
        for event in decode[found[0]](found, data(log["data"])):
            assert isinstance(event, kind)
            yield Logged(event, text(log["transactionHash"]), quantity(log["blockNumber"]))
