"""A served node as a process of its own, to be killed, and what a till asks of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from node_api.api.answers import OperationOut
from node_api.chain.contracts import contract
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.rpc_values import quantity, record, rows
from node_api.chain.sender import Sender
from node_api.config import Settings
from tests.api.conftest import Client, Json
from tests.world import World


@contextmanager
def serving_process(
    world: World, settings: Settings, *options: str, log_to: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`vouchertrail serve` as a process of its own; its log is read where it does not come up, unless it goes elsewhere."""
    environment = {
        **os.environ,
        "VOUCHERTRAIL_CHAIN_URL": settings.chain_url or world.rpc.url,
        "VOUCHERTRAIL_DEPLOYMENTS": str(settings.deployments_folder),
        "VOUCHERTRAIL_DATA": str(settings.data),
    }
    if settings.database is not None:
        environment["VOUCHERTRAIL_DATABASE"] = settings.database.get_secret_value()
    command = [sys.executable, "-m", "node_api", "serve", "--port", "0", "--json", *options]
    # A pipe that nobody reads would hold the process up once it is full.
    with tempfile.TemporaryFile() if log_to is None else log_to.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                process.wait()
                raise AssertionError("" if log_to is not None else _written(log))
            yield process, str(json.loads(line)["url"])
        finally:
            process.kill()
            process.communicate()


def _written(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode()


def beside(world: World, settings: Settings, number: int) -> Settings:
    """The settings of a further process: the same wallet and database, another key of OPERATOR."""
    data = settings.data.with_name(f"node-{number}")
    shutil.copytree(settings.data / "keys", data / "keys")
    (data / "keys" / f"{KeyRole.OPERATOR}.json").unlink()
    keys = KeyRing(data / "keys")
    keys.create_missing()
    account = keys.account(KeyRole.OPERATOR).address
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", 4, account, 0)
    world.send(KeyRole.OPERATOR, "Vouchers", "syncRelayer", account)
    return settings.model_copy(update={"data": data})


def befall(world: World, settings: Settings, transaction: str, meanwhile: str) -> None:
    """What becomes of a call that waits in the pool while no node runs; then the chain makes blocks by itself again."""
    if meanwhile == "mined":
        world.rpc.call("evm_mine")
    if meanwhile in ("dropped", "nonce taken"):
        world.rpc.call("anvil_dropTransaction", [transaction])
    world.rpc.call("evm_setAutomine", [True])
    if meanwhile == "nonce taken":
        operator = KeyRing(settings.keys_folder).account(KeyRole.OPERATOR)
        other = Sender(world.rpc, operator, world.handle.chain_id)
        other.transact(world.addresses["Vouchers"], world.encode("Vouchers", "syncRelayer", operator.address))
    if meanwhile == "waits":
        world.rpc.call("evm_mine")


def logged_times(world: World, event: str) -> dict[int, int]:
    """How often the chain logged the event of each voucher."""
    topic = "0x" + contract("Vouchers").topics[event].hex()
    logs = world.rpc.call(
        "eth_getLogs", [{"fromBlock": "0x0", "address": world.addresses["Vouchers"], "topics": [topic]}]
    )
    return Counter(quantity(rows(log["topics"])[1]) for log in map(record, rows(logs)))


def submit(url: str, tokens: Json, world: World, person: int, consent: Callable[[str], str] | None = None) -> str:
    """Asks for a redemption and does not wait for it; `consent` gives an attestor's to its digest."""
    wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
    wanted = {
        "programme": "programme-Meals",
        "person": f"person-{person}",
        "vouchers": [str(world.voucher(4, 4, person))],
        "merchant": 1,
        "receipt": "0x" + f"{person + 1:064x}",
        "bill": 5_000,
    }
    with wallet.http, till.http:
        code = wallet.post("/v1/wallet/codes", wanted).json()
        given = {} if consent is None else {"consent": consent(code["digest"])}
        answer = till.redeem({"code": code["code"], **given}, f"crash-{person}", wait=0)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


def wait_for(url: str, tokens: Json, operation: str, *states: str) -> OperationOut:
    till = Client(url, tokens["merchant"])
    with till.http:
        for _ in range(600):
            found = OperationOut.model_validate(till.get(f"/v1/operations/{operation}").json())
            if found.state in states:
                return found
            time.sleep(0.05)
    raise AssertionError(f"{operation} is {found.state}: {found}")
