"""A node that serves a real world over real HTTP: anvil, contracts, SQLite, uvicorn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from node_api.app import RunningNode, build_node
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.wallet import CustodialWallet
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from node_api.serving import serving
from node_api.storage.engine import open_database
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, TRAVEL, World

Json = dict[str, Any]

PERSONS = 200
_counter = itertools.count(1)

OPEN = httpx.Limits(max_connections=None, max_keepalive_connections=None)
"""For a client that threads share: with a bound, httpx may close a connection that another one just took (httpcore #1110)."""


@dataclass
class Client:
    """Speaks to the node with one API key."""

    url: str
    token: str | None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=60, limits=OPEN)

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: Json, key: str | None = None) -> httpx.Response:
        return self.http.post(path, json=body, headers={} if key is None else {"Idempotency-Key": key})

    def redeem(self, body: Json, key: str | None = None, wait: int = 30) -> httpx.Response:
        return self.post(f"/v1/redemptions?wait={wait}", body, key or f"key-{next(_counter)}")


@dataclass
class Served:
    """A served world. `person-0` … hold meal-5 and meal-5b in roll 4 by the node's wallet; `world.holders` sign themselves."""

    world: World
    node: RunningNode
    settings: Settings
    url: str
    engine: Engine
    clients: list[Client] = field(default_factory=list)

    def client(self, role: ApiRole, merchant: int | None = None) -> Client:
        number = None if merchant is None else MerchantId(merchant)
        _, token = self.node.keyring.create(role, f"{role}-{next(_counter)}", number)
        return self.with_token(token)

    def with_token(self, token: str | None) -> Client:
        self.clients.append(Client(self.url, token))
        return self.clients[-1]

    def voucher(self, batch: int, person: int) -> str:
        """The voucher of `person-N` in roll 4, custodial."""
        return str(self.world.voucher(batch, 4, person))


def build_world(data: Path, **rules: int) -> tuple[World, Settings]:
    """Two programmes of these rules, two merchants, vouchers issued to four devices and two hundred custodial persons."""
    keys = KeyRing(data / "keys")
    keys.create_missing()
    world = World(data / "chain", keys).start()  # type: ignore[arg-type]
    world.fund(**rules)
    world.issue()
    wallet = CustodialWallet(keys.unsafe_wallet_master())
    persons = [wallet.address("programme-Meals", f"person-{n}") for n in range(PERSONS)]
    holders = b"".join(bytes.fromhex(address[2:]) for address in persons)
    terms = (1, 1, 0, 500, 1_000, 0, CATERING | TRAVEL, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 1_000)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["meal-5", "meal-5b"], [terms, terms])
    world.send(KeyRole.TREASURER, "Vouchers", "writeRoll", 1, "roll-d", 2, holders)
    world.send(KeyRole.TREASURER, "Vouchers", "issue", [4, 5], [4])
    settings = Settings(data=data, deployments=data / "chain" / "deployments", chain_id=world.handle.chain_id)
    return world, settings


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node for tests that each use vouchers of their own."""
    with serving_world(tmp_path_factory.mktemp("served")) as served:
        yield served


@contextmanager
def serving_world(data: Path, **rules: int) -> Iterator[Served]:
    """A world of these rules, served."""
    world, settings = build_world(data, **rules)
    try:
        with build_node(settings, world.handle, KeyRing(data / "keys")) as node, serving(node.api) as url:
            engine = open_database(settings.database_url)
            served = Served(world, node, settings, url, engine)
            try:
                yield served
            finally:
                for client in served.clients:
                    client.http.close()
                engine.dispose()
    finally:
        world.stop()
        world.rpc.close()


@pytest.fixture
def wallet(served: Served) -> Client:
    return served.client(ApiRole.WALLET)


@pytest.fixture
def merchant(served: Served) -> Client:
    """The till of merchant 1."""
    return served.client(ApiRole.MERCHANT, 1)


@pytest.fixture
def rival(served: Served) -> Client:
    """The till of merchant 2."""
    return served.client(ApiRole.MERCHANT, 2)


@pytest.fixture
def operator(served: Served) -> Client:
    return served.client(ApiRole.OPERATOR)


_persons = itertools.count()


@pytest.fixture
def people() -> Iterator[int]:
    """Custodial persons nobody else uses, one after the other; there are `PERSONS`."""
    return _persons


@pytest.fixture
def person(people: Iterator[int]) -> int:
    """A custodial person nobody else uses."""
    return next(people)


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[tuple[World, Settings, Json]]:
    """A world of the test's own, and tokens for a wallet, merchant 1 and an auditor."""
    world, settings = build_world(tmp_path)
    with keyring(settings) as ring:
        tokens = {
            "wallet": ring.create(ApiRole.WALLET, "w")[1],
            "merchant": ring.create(ApiRole.MERCHANT, "m", MerchantId(1))[1],
            "auditor": ring.create(ApiRole.AUDITOR, "a")[1],
        }
    try:
        yield world, settings, tokens
    finally:
        world.stop()
        world.rpc.close()
