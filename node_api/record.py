"""Puts the record together: the deployed contracts, the index that follows them, and the readers on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from node_api.chain.deployment.addresses import Deployment, read_deployment
from node_api.chain.handle import ChainHandle
from node_api.chain.ledger import Ledger
from node_api.chain.nodes import ChainNodes
from node_api.chain.receipts_in_hand import ReceiptsInHand
from node_api.chain.redeem_calls import RedeemCalls
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ForeignChain, RpcUnavailable
from node_api.chain.source import ChainLogs
from node_api.config import Settings
from node_api.domain.errors import ChainUnavailable, IndexNotReady, StoreUnavailable
from node_api.domain.ids import Address
from node_api.domain.models import BlockRef
from node_api.services.indexing import Indexer, TableDifference, compare, digest_of
from node_api.services.pace import ChainPace
from node_api.services.ports.indexing import CheckpointMoved, Digest, IndexForeign, PageUnsettled
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.kept import Kept
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads

_TIMES = 5
"""A rebuild begins anew where the chain goes back under it, which a network does to its newest block now and then."""

_REBUILT = "vouchertrail-rebuilt-"
_LEFT_SECONDS = 60
"""A folder so young may not be held yet by whoever made it."""


class RebuildNotKept(OSError):
    """The disk does not take an index that is built for a comparison; the message says where."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything opened.

    Attributes:
        handle: the chain.
        deployment: this release's contracts on it.
        rpc: the way to the chain; closed by whoever opened the record.
        engine: the node's database, migrated.
        tables: the index as it is written.
        indexer: brings the index up to the chain.
        reads: readers on the index.
        kept: what they keep of it.
        in_hand: receipts that whoever sends was told, which the indexer need not ask for again.
        ledger: the contracts' own words, for audits.
        calls: redeeming transactions read back, for audits.
    """

    handle: ChainHandle
    deployment: Deployment
    rpc: RpcClient
    engine: Engine
    tables: IndexTables
    indexer: Indexer
    reads: IndexReads
    kept: Kept
    in_hand: ReceiptsInHand
    ledger: Ledger
    calls: RedeemCalls

    def digest(self) -> str:
        """Of all tables of the index: two that stand on the same block have the same."""
        return digest_of(self.tables.digest())

    def confirmations(self) -> int:
        """Blocks that must stand on one before nothing of it can change; as the chain's nodes said when last looked at."""
        return self.rpc.profile.confirmations

    def pace(self, settings: Settings) -> ChainPace:
        """Whether the chain makes its blocks, and which are final."""
        profile = self.handle.profile
        still = settings.chain_still_seconds if profile.steady else None
        return ChainPace(self.tables, self.confirmations, still, refuses=settings.chain_still_refuses)

    def watch_nodes(self) -> None:
        """Looks at every node of the chain until closed, where there may be several."""
        if isinstance(self.rpc, ChainNodes):
            self.rpc.start()

    def disagreement(self) -> str | None:
        """Where nodes of the chain tell different final blocks; None where none do."""
        found = self.rpc.disagreement if isinstance(self.rpc, ChainNodes) else None
        return None if found is None else str(found)

    def close(self) -> None:
        """Gives back connections."""
        self.rpc.close()
        self.engine.dispose()


class Follower:
    """The indexer with its faults as the services name them. Implements `IndexFollower`."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._listeners: list[Callable[[BlockRef], None]] = []
        self._told: BlockRef | None = None

    def on_moved(self, listener: Callable[[BlockRef], None]) -> None:
        """Has the listener told where the index stands, whenever that is another block."""
        self._listeners.append(listener)

    def head(self) -> BlockRef:
        """The chain's newest block. Raises ChainUnavailable."""
        try:
            return self._indexer.head()
        except RpcUnavailable as error:
            raise ChainUnavailable(str(error)) from error

    def catch_up(self) -> None:
        """See the port."""
        try:
            at = self._indexer.catch_up()
            if at != self._told:
                self._told = at
                for listener in self._listeners:
                    listener(at)
        except (RpcUnavailable, ForeignChain, PageUnsettled, CheckpointMoved) as error:
            raise ChainUnavailable(str(error)) from error
        except IndexForeign as error:
            raise IndexNotReady(str(error)) from error


def open_record(settings: Settings, handle: ChainHandle, engine: Engine | None = None) -> Record:
    """Opens the record of a chain that is running; reads nothing from it yet.

    Args:
        settings: where deployments and the database are.
        handle: the chain, checked to be the node's.
        engine: the database where it is open already.

    Raises:
        ChainError: the contracts are not deployed there.
        DatabaseNewer: a newer release wrote to the database.
    """
    deployment = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
    database = engine or open_database(settings.database_url)
    migrate(database)
    rpc, kept, in_hand = handle.connect(), Kept(), ReceiptsInHand()
    tables = IndexTables(database, kept)
    source = source_of(rpc, handle, deployment, in_hand)
    indexer = Indexer(source, tables, page=settings.index_page or handle.profile.page, one_node=handle.embedded)
    addresses = {name: entry.address for name, entry in deployment.contracts.items()}
    return Record(
        handle=handle,
        deployment=deployment,
        rpc=rpc,
        engine=database,
        tables=tables,
        indexer=indexer,
        reads=IndexReads(database, kept),
        kept=kept,
        in_hand=in_hand,
        ledger=Ledger(rpc, addresses),
        calls=RedeemCalls(rpc, handle.chain_id, Address(deployment.address("Vouchers"))),
    )


def compare_with_rebuild(record: Record, page: int) -> tuple[int | None, list[TableDifference]]:
    """Builds a second index from the chain, as far as the record's own stands; again where that block is taken back meanwhile.

    Args:
        record: its index was brought up to the chain.
        page: most blocks read in one step.

    Returns: the block that both stand on, and the tables that differ.
    """
    for _ in range(_TIMES):
        at, digest = record.tables.digest_of()
        number = None if at is None else at.number
        found = compare(digest, rebuilt_upto(record.rpc, record.handle, record.deployment, number, page))
        if at is None or not found:
            break
        record.indexer.catch_up()
        if record.tables.header(at.number) == at:
            break
    return number, found


def rebuilt_upto(rpc: RpcClient, handle: ChainHandle, deployment: Deployment, number: int | None, page: int) -> Digest:
    """The digest of an index that is built from the chain for this, and gone afterwards.

    Args:
        rpc: the way to the chain.
        handle: the chain.
        deployment: whose index.
        number: the block it is to stand on, which the chain has; None for the newest.
        page: most blocks read in one step.

    Raises:
        ChainError, PageUnsettled: the chain does not answer, or keeps contradicting itself.
        RebuildNotKept: the disk of temporary files does not take it.
    """
    with _folder_for_now() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'rebuilt.sqlite'}", durable=False)
        try:
            migrate(database)
            rebuilt = IndexTables(database)
            Indexer(source_of(rpc, handle, deployment), rebuilt, page=page).catch_up(number)
            return rebuilt.digest()
        except StoreUnavailable as fault:
            raise RebuildNotKept(
                f"the index built for comparison, in {folder}: {fault.value}; the node's own is as it was. "
                "Give it room as for the node's own there, or another folder by TMPDIR"
            ) from fault
        finally:
            database.dispose()


@contextmanager
def _folder_for_now() -> Iterator[str]:
    """A folder of temporary files, held while it is used; those that a killed process left are removed first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_REBUILT}*"):
        with suppress(OSError):  # it is somebody else's, held, or gone meanwhile
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                with _holding(left):
                    shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_REBUILT) as folder, _holding(Path(folder)):
        yield folder


@contextmanager
def _holding(folder: Path) -> Iterator[None]:
    """Holds a folder, which ends with the process. Raises OSError where another one does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def source_of(
    rpc: RpcClient, handle: ChainHandle, deployment: Deployment, in_hand: ReceiptsInHand | None = None
) -> ChainLogs:
    """The deployed contracts' logs."""
    addresses = {name: entry.address for name, entry in deployment.contracts.items()}
    return ChainLogs(rpc, addresses, own=handle.identity, first_block=deployment.first_block, in_hand=in_hand)
