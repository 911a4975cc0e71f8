"""The town that all rounds begin in, and a copy of it for each round: its chain, the way to it, its database, its nodes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bench.chaos.chain import Chain
from bench.chaos.faults import Faults
from bench.chaos.lives import Nursery, nursery
from bench.chaos.proxy import Proxy, proxying
from bench.redemptions.town import Town, build_town, copied
from node_api.chain.deployment.addresses import read_deployment
from node_api.chain.handle import ChainHandle, ensure_chain
from node_api.chain.keys import KeyRole
from node_api.cli.api_keys import keyring
from node_api.cli.keys import key_ring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.record import Record, open_record
from tools.postgres import PostgresServer

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "e2e" / "folder"
_ROLL, _MONEY = "meals-residents", "9000000"


def build(work: Path, places: int) -> Town:
    """The small town of the tests with so many places in its largest roll, loaded."""
    wide = work / "wide"
    shutil.copytree(FOLDER, wide)
    holders = (wide / "holders.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    known = [at for at, line in enumerate(holders) if line.startswith(f"{_ROLL},")]
    holders[known[-1] + 1 : known[-1] + 1] = [
        f"{_ROLL},meals-2026,{at},guest-{at},\n" for at in range(len(known), places)
    ]
    (wide / "holders.csv").write_text("".join(holders), encoding="utf-8")
    _rewrite(wide / "batches.csv", "quota", str(places + 100))
    _rewrite(wide / "budget_lines.csv", "amount", _MONEY)
    return build_town(wide, work)


def _rewrite(path: Path, column: str, value: str) -> None:
    """Gives every row this value."""
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, column: value} for row in found)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a round takes place.

    Attributes:
        settings: the node's, but for the chain, which it finds behind the proxy.
        handle: the chain itself.
        tokens: API keys by merchant, 0 for a platform.
        store: the database's server, where it is one.
        confirmations: blocks that must stand on one before its nodes call it final.
    """

    town: Town
    settings: Settings
    handle: ChainHandle
    chain: Chain
    proxy: Proxy
    nodes: Nursery
    tokens: Mapping[int, str]
    store: PostgresServer | None
    first_nonce: int
    confirmations: int

    @contextmanager
    def record(self) -> Iterator[Record]:
        """The node's record, on the chain itself."""
        record = open_record(self.settings, self.handle)
        try:
            yield record
        finally:
            record.close()


@contextmanager
def ground(
    town: Town,
    folder: Path,
    faults: Faults,
    patience: float,
    store: PostgresServer | None,
    intakes: int,
    confirmations: int,
) -> Iterator[Ground]:
    """A copy of the town in `folder`; gone afterwards, but for the logs of its nodes and its chain."""
    with ExitStack() as stack:
        place = stack.enter_context(copied(town, folder / "data"))
        for name in ("supervisor.log", "anvil.log"):
            stack.callback(shutil.copy, Settings(data=place.data).chain_folder / name, folder)
        proxy = stack.enter_context(proxying(Proxy(place.chain_url, faults, patience)))
        database = None if store is None else SecretStr(store.create())
        settings = Settings(data=place.data, database=database)
        environment = {
            "VOUCHERTRAIL_DATA": str(place.data),
            "VOUCHERTRAIL_CHAIN_URL": proxy.url,
            "VOUCHERTRAIL_CHAIN_CONFIRMATIONS": str(confirmations),
        }
        if database is not None:
            environment["VOUCHERTRAIL_DATABASE"] = database.get_secret_value()
        nodes = stack.enter_context(nursery(environment, folder / "node.log", intakes))
        keys, handle = key_ring(settings), ensure_chain(settings.embedded_chain())
        deployment = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
        chain = Chain(
            place.chain_url,
            settings.chain_folder,
            keys.address(KeyRole.OPERATOR),
            keys.account(KeyRole.REGISTRAR),
            deployment.address("MerchantRegistry"),
            handle.chain_id,
        )
        stack.callback(chain.rpc.close)
        first_nonce = chain.nonce(keys.address(KeyRole.OPERATOR))
        tokens = _tokens(town, settings)
        yield Ground(town, settings, handle, chain, proxy, nodes, tokens, store, first_nonce, confirmations)


def _tokens(town: Town, settings: Settings) -> dict[int, str]:
    """Keys for every merchant's till and for a platform, in the round's own database."""
    with keyring(settings) as ring:
        tokens = {0: ring.create(ApiRole.OPERATOR, "chaos")[1]}
        for merchant in town.seen.merchants.values():
            tokens[merchant.id] = ring.create(ApiRole.MERCHANT, f"chaos {merchant.id}", merchant.id)[1]
    return tokens
