"""Redemptions on a network of five signers and an observer for minutes, one signer cut off meanwhile.

    python -m bench.soak --seconds 600 --cut 60

Counted are blocks that nodes took back by themselves. At the end every operation must have come to its end once, the money must
agree, and the indexes built from each node's own chain must be equal. Exit code 1 where not.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

from bench.redemptions.folder import bend_folder
from bench.redemptions.town import load_town
from bench.redemptions.traffic import drawn
from bench.soak.branches import Branches, Watcher
from bench.soak.cut import Sides, cut_off, sides, with_admin
from bench.soak.stream import Stream
from node_api.app import build_node
from node_api.chain.handle import ChainHandle
from node_api.chain.keys import ACCOUNT_ROLES, KeyRing
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity
from node_api.cli.deploy import open_chain
from node_api.cli.network_demo import final_block
from node_api.config import Settings
from node_api.domain.ids import Address
from node_api.loaders.completejourney.load import load_completejourney
from node_api.loaders.open_today import open_today
from node_api.network.plan import Engine, Network
from node_api.network.processes import find_program
from node_api.network.stall_watch import stalls_ended
from node_api.network.trial import OPERATOR, trial_network
from node_api.record import open_record
from node_api.services.import_folder import ImportFolder
from node_api.services.reconciling import reconcile
from node_api.serving import serving

_CUT = f"{OPERATOR}-validator"
_SETTLED = 30.0
"""Seconds after a cut in which what is taken back belongs to it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a run.

    Attributes:
        operations: redemptions that the node took in; `states` how they ended.
        redemptions: that the final chain has.
        taken_back: times that a node took back blocks by itself; `deepest` of these, in blocks, `blocks` how many different ones.
        sides: transactions that the signer that was cut off took meanwhile, and the others; None where none was.
        by_the_cut: times that blocks were taken back within the cut and half a minute after it.
        stalls: that the watch ended.
        differences: between bits, events, index and escrow.
        digests: of the index built from each node's own chain.
    """

    seconds: float
    operations: int
    states: dict[str, int]
    not_taken: dict[str, int]
    redemptions: int
    taken_back: int
    blocks: int
    deepest: int
    sides: Sides | None
    by_the_cut: int
    stalls: int
    block: int
    differences: int
    digests: dict[str, str]

    @property
    def as_expected(self) -> bool:
        """Whether nothing was lost or done twice, all have one history, and both sides of a cut took something."""
        apart = self.sides is None or (self.sides.cut_off > 0 and self.sides.others > 0)
        once = self.states == {"succeeded": self.operations} and self.redemptions == self.operations > 0
        return once and apart and not self.differences and len(set(self.digests.values())) == 1


def main() -> int:
    """Runs, tells, and leaves nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long redemptions are sent")
    parser.add_argument("--rate", type=float, default=5.0, help="redemptions a second")
    parser.add_argument("--cut", type=float, default=60.0, help="seconds for which a signer is cut off; 0: never")
    parser.add_argument("--campaign", type=int, default=18, help="of the Complete Journey")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = Path(tempfile.mkdtemp(prefix="vouchertrail-"))
    try:
        found = run(folder, chosen.seconds, chosen.rate, chosen.cut, chosen.campaign)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(orjson.dumps({**asdict(found), "as_expected": found.as_expected}, option=orjson.OPT_INDENT_2).decode())
    return 0 if found.as_expected else 1


def run(folder: Path, seconds: float, rate: float, cut: float, campaign: int) -> Found:
    """Everything in this folder."""
    imported = _campaign(folder, campaign)
    keys = KeyRing(folder / OPERATOR / "keys")
    keys.create_missing()
    accounts = [Address(keys.address(role)) for role in ACCOUNT_ROLES]
    program = with_admin(find_program(Engine.GETH_CLIQUE, None), folder)
    with ExitStack() as stack:
        network = stack.enter_context(trial_network(folder / "network", program, accounts))
        settings = Settings(data=folder / OPERATOR, network=str(folder / "network"), organisation=OPERATOR)
        environment = {"VOUCHERTRAIL_NETWORK": str(folder / "network"), "VOUCHERTRAIL_ORGANISATION": OPERATOR}
        town = load_town(imported, settings, environment)
        handle = open_chain(settings)
        signed = drawn(town).sign(int(seconds * rate))
        urls = {node.seat.name: node.seat.url for node in network.nodes}
        branches = stack.enter_context(Watcher(urls))
        with build_node(settings, handle, keys) as node, serving(node.api) as url:
            stream, began = Stream(url, town), time.monotonic()
            sending = threading.Thread(target=stream.run, args=(signed, rate), daemon=True)
            sending.start()
            apart = _cut(folder / "network", network, began + seconds / 3, cut)
            sending.join()
            states = stream.ended()
        return _found(
            folder, network, settings, handle, branches, apart, stream, dict(states), time.monotonic() - began
        )


def _campaign(folder: Path, campaign: int) -> ImportFolder:
    load_completejourney(folder / "journey")
    open_today(folder / "journey", folder / "today", f"campaign-{campaign}", datetime.now(tz=UTC))
    return bend_folder(folder / "today", folder / "import")


@dataclass(frozen=True, slots=True)
class _Cut:
    """From when to when what is taken back is due to the cut, and what both sides took meanwhile."""

    begins: float
    ends: float
    sides: Sides | None


def _cut(folder: Path, network: Network, begins: float, seconds: float) -> _Cut:
    """Cuts the signer off that the node sends to, and joins it again."""
    if not seconds:
        return _Cut(begins, begins, None)
    time.sleep(max(0.0, begins - time.monotonic()))
    node = next(one for one in network.nodes if one.seat.name == _CUT)
    other = next(one for one in network.nodes if one.signer is not None and one is not node)
    with RpcClient(node.seat.url) as rpc:
        since = quantity(rpc.call("eth_blockNumber"))
    with cut_off(folder, network, node):
        time.sleep(seconds)
        found = sides(node, other, since)
    return _Cut(begins, time.monotonic() + _SETTLED, found)


def _found(
    folder: Path,
    network: Network,
    settings: Settings,
    handle: ChainHandle,
    branches: Branches,
    cut: _Cut,
    stream: Stream,
    states: dict[str, int],
    seconds: float,
) -> Found:
    with ExitStack() as stack:
        ours = open_record(settings, handle)
        stack.callback(ours.close)
        block = final_block(ours)
        with ours.reads.at(block) as reader:
            differences = len(reconcile(reader, ours.ledger).differences)
            (programme,) = reader.programmes()
            redemptions = reader.totals(programme.id).redeemed
        digests = {OPERATOR: ours.digest()}
        for node in network.nodes:
            digests[node.seat.name] = _index(folder / "indexes" / node.seat.name, settings, node.seat.url, block)
    natural = [one for one in branches.taken_back if not cut.begins <= one.at < cut.ends]
    return Found(
        seconds=round(seconds, 1),
        operations=len(stream.operations),
        states=states,
        not_taken=dict(stream.not_taken),
        redemptions=redemptions,
        taken_back=len(natural),
        blocks=len({one for back in natural for one in back.hashes}),
        deepest=max((len(one.hashes) for one in natural), default=0),
        sides=cut.sides,
        by_the_cut=len(branches.taken_back) - len(natural),
        stalls=len(stalls_ended(folder / "network")),
        block=block,
        differences=differences,
        digests=digests,
    )


def _index(data: Path, operators: Settings, url: str, block: int) -> str:
    """Builds an index from one node's chain alone, as of a block; its digest."""
    settings = Settings(data=data, chain_url=url, chain_id=operators.chain_id, chain_engine=operators.chain_engine)
    shutil.copytree(operators.deployments_folder, settings.deployments_folder)
    record = open_record(settings, open_chain(settings))
    try:
        record.indexer.catch_up(block)
        return record.digest()
    finally:
        record.close()


if __name__ == "__main__":
    sys.exit(main())
