"""The lines of the index: a town in which much was redeemed, read from its chain by the node's index and by web3.py."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.web3_events import EventReader
from bench.redemptions.chain import client_version, head
from bench.redemptions.subjects import Node
from bench.redemptions.town import Place, Town, copied, served
from bench.redemptions.traffic import drawn
from node_api.chain.deployment.addresses import Deployment, read_deployment
from node_api.chain.events import INDEXED_CONTRACTS
from node_api.chain.handle import ChainHandle
from node_api.chain.rpc import RpcClient
from node_api.cli.deploy import open_deployed_chain
from node_api.config import Settings
from node_api.domain.events import Header, Page
from node_api.record import source_of
from node_api.services.indexing import Indexer
from node_api.services.ports.indexing import ChainSource
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate

_BATCH, _CONNECTIONS = 100, 16
_PEER_BLOCKS = 20
"""In a page of the peer's: some thousand logs."""
_PEER_EVENTS = 10_000
"""Read by the peer in a run, the newest ones; more would only take longer."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the table says.

    Attributes:
        events: of each run.
        rates: events a second of each run.
        cpu_each: microseconds of CPU for each event, of the process that reads; the chain's are not among them.
        bytes_each: of the database, for each event; None where nothing is kept.
    """

    name: str
    engine: str
    events: int
    rates: Sequence[float]
    cpu_each: float
    bytes_each: float | None

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


class Counted:
    """A chain that counts the events it hands out. Implements `ChainSource`."""

    def __init__(self, source: ChainSource) -> None:
        self._source, self.events = source, 0

    def identity(self) -> str:
        """See the port."""
        return self._source.identity()

    def require_own(self) -> None:
        """See the port."""
        self._source.require_own()

    @property
    def first_block(self) -> int:
        """See the port."""
        return self._source.first_block

    def head(self) -> Header:
        """See the port."""
        return self._source.head()

    def header(self, number: int) -> Header | None:
        """See the port."""
        return self._source.header(number)

    def page(self, first: int, last: int) -> Page:
        """See the port."""
        page = self._source.page(first, last)
        self.events += len(page.events)
        return page


def measure(town: Town, work: Path, redemptions: int, runs: int) -> list[Line]:
    """The index and its peer on a copy of the town in `work`, after so many redemptions through its node."""
    with copied(town, work / "index") as place:
        with served(place) as url:
            node = Node(url, town, drawn(town), _BATCH, _CONNECTIONS)
            node.redeem(node.prepare(redemptions))
        engine = client_version(place.chain_url)
        return [_index(place, work, engine, runs), _peer(place, engine, runs)]


def _index(place: Place, work: Path, engine: str, runs: int) -> Line:
    """Each run fills an SQLite file of its own."""
    handle, deployment = _deployed(place)
    rates, cpu, events, size = [], 0.0, 0, 0
    for run in range(runs):
        file = work / f"index-{run}.sqlite"
        database = open_database(f"sqlite:///{file}", durable=False)  # as a node opens what it can build anew
        migrate(database)
        with RpcClient(place.chain_url) as rpc:
            source = Counted(source_of(rpc, handle, deployment))
            began, used = time.perf_counter(), time.process_time()
            Indexer(source, IndexTables(database), one_node=True).catch_up()
            rates.append(source.events / (time.perf_counter() - began))
            cpu += time.process_time() - used
        database.dispose()
        events, size = source.events, file.stat().st_size
    return Line("node's index, into SQLite", engine, events, rates, 1e6 * cpu / runs / events, size / events)


def _peer(place: Place, engine: str, runs: int) -> Line:
    _, deployment = _deployed(place)
    contracts = {name: deployment.address(name) for name in INDEXED_CONTRACTS}
    reader = EventReader(place.chain_url, contracts)
    rates, cpu, events = [], 0.0, 0
    for _ in range(runs):
        last, events = head(place.chain_url), 0
        began, used = time.perf_counter(), time.process_time()
        while last >= 0 and events < _PEER_EVENTS:
            events += reader.read(max(0, last - _PEER_BLOCKS + 1), last)
            last -= _PEER_BLOCKS
        rates.append(events / (time.perf_counter() - began))
        cpu += time.process_time() - used
    return Line("web3.py contract events, into nothing", engine, events, rates, 1e6 * cpu / runs / events, None)


def _deployed(place: Place) -> tuple[ChainHandle, Deployment]:
    settings = Settings(data=place.data)
    handle = open_deployed_chain(settings)
    return handle, read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
