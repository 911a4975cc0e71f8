"""The lines of issuing: the node's own command on a chain of its own, and OpenZeppelin's tokens on another one."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.minting import Minter, holder_of
from bench.record.folder import BATCHES
from bench.record.town import issued
from bench.redemptions import town
from bench.redemptions.chain import client_version, head
from node_api.chain.deployment.addresses import read_deployment
from node_api.chain.handle import living_status, stop_chain
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record, rows, text
from node_api.cli.deploy import open_deployed_chain
from node_api.config import Settings

PEERS = {"PeerErc1155": "OpenZeppelin ERC-1155, minted", "PeerErc721": "OpenZeppelin ERC-721, minted"}
_PEER_VOUCHERS = 20_000
"""In a run of a peer, at most: the engine gets slower with every slot that is in use, and a voucher of theirs takes one."""
_SEED = 21


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the table says.

    Attributes:
        vouchers: of each run.
        rates: vouchers a second of each run.
        gas_each: of the node what its calls to `Vouchers` took: batches, rolls, issues.
        calls: of a run.
    """

    name: str
    engine: str
    vouchers: int
    rates: Sequence[float]
    gas_each: float
    calls: int

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


def measure(work: Path, vouchers: int, runs: int) -> list[Line]:
    """So many vouchers in each run, ten batches to each holder, by the node, and fewer by its peers."""
    work.mkdir()
    return [
        _node(work, vouchers // BATCHES, runs),
        *_peers(work / "peers", min(vouchers, _PEER_VOUCHERS) // BATCHES, runs),
    ]


def _node(work: Path, holders: int, runs: int) -> Line:
    """Each run loads an import folder into a chain of its own."""
    rates, gas, calls, engine = list[float](), 0, 0, ""
    for run in range(runs):
        folder = work / f"node-{run}"
        with issued(folder, holders) as (settings, cost):
            rates.append(BATCHES * holders / cost.seconds)
            gas, calls = _supply(settings)
            engine = cost.engine
    return Line("node, vouchertrail load", engine, BATCHES * holders, rates, gas / holders / BATCHES, calls)


def _supply(settings: Settings) -> tuple[int, int]:
    """Gas and number of the calls to `Vouchers`."""
    handle = open_deployed_chain(settings)
    vouchers = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash).address("Vouchers")
    with RpcClient(handle.url) as rpc:
        blocks = rpc.batch([("eth_getBlockReceipts", (hex(n),)) for n in range(head(handle.url) + 1)])
    receipts = [record(receipt) for block in blocks for receipt in rows(block)]
    gas = [quantity(one["gasUsed"]) for one in receipts if one["to"] and text(one["to"]).lower() == vouchers.lower()]
    return sum(gas), len(gas)


def _peers(data: Path, holders: int, runs: int) -> list[Line]:
    """Both on a chain as the node's; each run mints to other holders."""
    rng, vouchers = random.Random(_SEED), holders * BATCHES
    town.command(data, "deploy")
    chain = Settings(data=data).chain_folder
    try:
        status = living_status(chain)
        assert status is not None
        lines = []
        for name, title in PEERS.items():
            minter = Minter(status.url, name)
            theirs = [[holder_of(rng.randbytes(20)) for _ in range(holders)] for _ in range(runs)]
            found = [minter.mint(some, range(1, BATCHES + 1)) for some in theirs]
            rates, gas = [vouchers / one.seconds for one in found], sum(one.gas for one in found)
            each = gas / runs / vouchers
            lines.append(Line(title, client_version(status.url), vouchers, rates, each, found[-1].calls))
        return lines
    finally:
        stop_chain(chain)
