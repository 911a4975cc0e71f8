"""The figures of a large record: issued on a real chain, redeemed behind it, indexed, and then read."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from bench.record.chain import TailedChain
from bench.record.folder import BATCHES, MERCHANTS, SPAN
from bench.record.reads import OverHttp, Reads, read_over_http
from bench.record.tail import CALL, CALLS, Tail
from bench.record.timing import Spread, seconds, spread
from bench.record.town import Issued, issued
from bench.record.words import lines_of, slots_after
from bench.redemptions.processes import memory_mib
from node_api.chain import words as w
from node_api.chain.deployment.addresses import Deployment, read_deployment
from node_api.chain.handle import ChainHandle
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import data
from node_api.cli.deploy import open_deployed_chain
from node_api.config import Settings
from node_api.domain.ids import (
    MAX_PLACES,
    Address,
    BatchId,
    MerchantId,
    Place,
    ProgrammeId,
    RollId,
    VoucherId,
    voucher_id,
)
from node_api.record import source_of
from node_api.services.indexing import Indexer
from node_api.services.lives import life
from node_api.services.reconciling import reconcile
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads

_PROGRAMME = ProgrammeId(1)
_OFFSET = 480 * 60
_READS, _WARM = 10_000, 1_000
_LISTS, _TOTALS = 1_000, 200
_SEED = 31


@dataclass(frozen=True, slots=True)
class Record:
    """Every figure.

    Attributes:
        vouchers, redemptions: how many.
        issued: what issuing took; indexing and reconciling it stand beside it, before anything was redeemed.
        index_seconds, index_rate: of the redemptions, with the time it took to make them up.
        trace: a voucher's whole life from the index, no signature checked, a reader opened for each.
        trace_within: the same by one reader.
        list: a holder's vouchers. statement: a merchant's days, redeemed, paid and open. totals: of the programme.
        http: a node that is served on the record.
        bytes_each: of the database, for each redemption beyond what issuing took.
        node_mib: memory of the process that indexed, of all it did.
    """

    database: str
    vouchers: int
    redemptions: int
    issued: Issued
    issued_index_seconds: float
    issued_reconcile_seconds: float
    issued_database_mib: int
    issued_list: Spread
    index_seconds: float
    index_rate: float
    trace: Spread
    trace_within: Spread
    list: Spread
    statement: Spread
    totals: Spread
    http: OverHttp
    reconcile_seconds: float
    words: int
    database_mib: int
    bytes_each: float
    node_mib: int


def measure(work: Path, redemptions: int, database: str | None) -> Record:
    """So many redemptions in a database of its own (an SQLite file in `work`, or an empty one by its URL).

    Raises:
        ValueError: not a whole number of blocks, or more than the vouchers.
    """
    if redemptions % (CALL * CALLS):
        raise ValueError(f"redemptions come in blocks of {CALL * CALLS:,}")
    engine = open_database(database or f"sqlite:///{work / 'record.sqlite'}")
    migrate(engine)
    with issued(work, redemptions // BATCHES) as (settings, cost):
        handle = open_deployed_chain(settings)
        deployment = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
        bench = _Bench(engine, settings, handle, deployment, redemptions)
        try:
            return bench.run(cost)
        finally:
            engine.dispose()


class _Bench:
    """One record, from its issued vouchers on."""

    def __init__(
        self, engine: Engine, settings: Settings, handle: ChainHandle, deployment: Deployment, redemptions: int
    ) -> None:
        self._engine, self._handle, self._deployment, self._redemptions = engine, handle, deployment, redemptions
        self._settings = settings
        self._addresses = {name: entry.address for name, entry in deployment.contracts.items()}
        self._reads, self._tables = IndexReads(engine), IndexTables(engine)
        self._calls = RedeemCalls(RpcClient(handle.url), handle.chain_id, Address(self._addresses["Vouchers"]))
        self._rng = random.Random(_SEED)

    def run(self, cost: Issued) -> Record:
        """Everything, in order."""
        with RpcClient(self._handle.url) as rpc:
            first = seconds(lambda: self._index(rpc))
            checked, _ = self._reconcile(rpc)
            listed, size = self._list(), database_bytes(self._engine)
            tail = self._redeem(rpc)
        with TailedChain(self._handle.url, tail) as rpc:
            indexed = seconds(lambda: self._index(rpc))
            reconciled, words = self._reconcile(rpc)
            http_reads = self._over_http(rpc)
        grown = database_bytes(self._engine)
        return Record(
            database=self._engine.dialect.name,
            vouchers=self._redemptions,
            redemptions=self._redemptions,
            issued=cost,
            issued_index_seconds=first,
            issued_reconcile_seconds=checked,
            issued_database_mib=size >> 20,
            issued_list=listed,
            index_seconds=indexed,
            index_rate=self._redemptions / indexed,
            trace=self._trace(),
            trace_within=self._trace_within(),
            list=self._list(),
            statement=self._statement(),
            totals=self._totals(),
            http=http_reads,
            reconcile_seconds=reconciled,
            words=words,
            database_mib=grown >> 20,
            bytes_each=(grown - size) / self._redemptions,
            node_mib=memory_mib({"self": os.getpid()})["self"],
        )

    def _index(self, rpc: RpcClient) -> None:
        Indexer(source_of(rpc, self._handle, self._deployment), self._tables, one_node=True).catch_up()

    def _reconcile(self, rpc: RpcClient) -> tuple[float, int]:
        """Seconds and words read. Raises ValueError where the sources differ."""
        began = time.perf_counter()
        with self._reads.at_head() as reader:
            outcome = reconcile(reader, Ledger(rpc, self._addresses))
        if outcome.differences:
            raise ValueError(f"{len(outcome.differences)} differences, the first: {outcome.differences[0]}")
        return time.perf_counter() - began, outcome.words

    def _redeem(self, rpc: RpcClient) -> Tail:
        """The tail, and the chain's storage as it would be after it."""
        base = source_of(rpc, self._handle, self._deployment).head()
        vouchers = self._addresses["Vouchers"].lower()
        apart = int(SPAN.total_seconds()) * CALL * CALLS // self._redemptions
        tail = Tail(base, self._redemptions, max(1, apart), sender="0x" + 40 * "7", vouchers=vouchers)
        lines = lines_of(_PROGRAMME)
        slot = w.slot_of("Vouchers", "_lines")
        before = rpc.batch([("eth_getStorageAt", (vouchers, w.mapped(line, slot), "latest")) for line in lines])
        ledger = {line: int.from_bytes(data(word)) for line, word in zip(lines, before, strict=True)}
        changed = slots_after(tail, _PROGRAMME, _OFFSET, ledger)
        rpc.batch([("anvil_setStorageAt", (vouchers, at, f"0x{word:064x}")) for at, word in changed.items()])
        return tail

    def _trace(self) -> Spread:
        def once() -> None:
            with self._reads.at_head() as reader:
                life(reader, self._calls, self._any_voucher())

        return spread(once, _READS, _WARM)

    def _trace_within(self) -> Spread:
        with self._reads.at_head() as reader:
            return spread(lambda: life(reader, self._calls, self._any_voucher()), _READS, _WARM)

    def _over_http(self, chain: TailedChain) -> OverHttp:
        holders = iter(self._holders(2 * _LISTS))
        reads = Reads(
            trace=lambda: f"/v1/audit/vouchers/{self._any_voucher()}/trace?checked=false",
            list=lambda: f"/v1/holders/{next(holders)}/vouchers",
            statement=lambda: f"/v1/merchants/{self._any_merchant()}/statement",
        )
        return read_over_http(chain, self._settings, self._engine.url, reads, _LISTS)

    def _holders(self, count: int) -> list[Address]:
        """Drawn at random."""
        with self._reads.at_head() as reader:
            return [self._rng.choice(reader.holders(RollId(self._rng.randint(1, self._rolls)))) for _ in range(count)]

    def _list(self) -> Spread:
        names = iter(self._holders(2 * _LISTS))

        def once() -> None:
            with self._reads.at_head() as reader:
                assert len(reader.vouchers_of(next(names))) == BATCHES

        return spread(once, _LISTS, _LISTS // 10)

    def _statement(self) -> Spread:
        def once() -> None:
            merchant = self._any_merchant()
            with self._reads.at_head() as reader:
                assert reader.merchant(merchant) is not None
                assert reader.merchant_days(merchant)
                assert reader.reversed_sum(merchant) == (0, 0)
                assert reader.payments(merchant) == []

        return spread(once, _LISTS, _LISTS // 10)

    def _totals(self) -> Spread:
        def once() -> None:
            with self._reads.at_head() as reader:
                assert reader.totals(_PROGRAMME).redeemed == self._redemptions

        return spread(once, _TOTALS, _TOTALS // 10)

    @property
    def _rolls(self) -> int:
        return -(-self._redemptions // BATCHES // MAX_PLACES)

    def _any_merchant(self) -> MerchantId:
        return MerchantId(self._rng.randint(1, MERCHANTS))

    def _any_voucher(self) -> VoucherId:
        roll, place = divmod(self._rng.randrange(self._redemptions // BATCHES), MAX_PLACES)
        return voucher_id(BatchId(self._rng.randint(1, BATCHES)), RollId(1 + roll), Place(place))


def database_bytes(engine: Engine) -> int:
    """What the database takes on disk, its log folded in."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return Path(str(engine.url.database)).stat().st_size
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
