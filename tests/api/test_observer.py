"""The node of a body that looks on: its own folder, the chain's address, addresses.json, and no key.

an observer of a world → its index, and its answers to every audit question, equal those of the operator's node
every route that carries something out, by every role that may → NodeOnlyObserves; it signs nothing, and has nothing to sign with
what it noticed → over HTTP and by the command the same; a node that serves → has watched nothing
what it watched → on the disk when it is written down
the command → serves until it is told to stop, and notes what it noticed; a file of other nodes that others can read → refused
a folder with a key in it → refused      a second process on the same folder → refused
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, event

from node_api.api.access import OBSERVED
from node_api.app import NotStarted
from node_api.chain.handle import attach_chain
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.rpc_values import quantity
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from node_api.observer import RunningObserver, build_observer
from node_api.serving import serving
from node_api.storage.engine import open_database
from node_api.storage.watch import WatchTables
from tests.api.conftest import Client, Served
from tests.api.test_access import call
from tests.api.test_redeeming import assert_refused, code_for
from tests.api.test_start import run
from tests.e2e.other_node import settings_of_other
from tests.world import CHAIN_ID
from tools.role_table import routes

QUESTIONS = (
    "/v1/audit/vouchers/{voucher}/trace",
    "/v1/audit/vouchers/{voucher}/trace?checked=false",
    "/v1/audit/programmes/1/reconciliation",
    "/v1/audit/programmes/2/reconciliation",
    "/v1/programmes",
    "/v1/programmes/1",
    "/v1/programmes/1/rules",
    "/v1/programmes/1/budget-moves",
    "/v1/merchants/1",
    "/v1/merchants/1/redemptions?limit=1000",
    "/v1/merchants/1/statement",
    "/v1/settlements",
    "/v1/freezes",
    "/v1/revocations",
    "/v1/emergency",
    "/v1/disputes",
    "/v1/reversals",
    "/v1/events?limit=100",
    "/v1/audit/index",
    "/v1/eip712",
)


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@dataclass
class Observed:
    """A running observer and its address."""

    node: RunningObserver
    url: str
    clients: list[Client] = field(default_factory=list)

    def client(self, role: ApiRole) -> Client:
        merchant = MerchantId(1) if role is ApiRole.MERCHANT else None
        self.clients.append(Client(self.url, self.node.keyring.create(role, role, merchant)[1]))
        return self.clients[-1]


@pytest.fixture
def observed(served: Served, tmp_path: Path) -> Iterator[Observed]:
    settings = settings_of_other(served.world, tmp_path)
    handle = attach_chain(served.world.handle.url, CHAIN_ID, tmp_path / "identity.json")
    with build_observer(settings, handle) as observer, serving(observer.api) as url:
        observed = Observed(observer, url)
        yield observed
        for client in observed.clients:
            client.http.close()
    assert not (tmp_path / "keys").exists()


def test_observer__asked_for_an_audit__answers_as_the_operators_node_does(
    served: Served, wallet: Client, merchant: Client, person: int, observed: Observed
) -> None:
    assert merchant.redeem({"code": code_for(wallet, served, person)["code"]}).status_code == 200
    ours, theirs = observed.client(ApiRole.AUDITOR), served.client(ApiRole.AUDITOR)
    for question in QUESTIONS:
        path = question.format(voucher=served.voucher(4, person))
        found = ours.get(path)
        assert found.status_code == 200, (path, found.text)
        assert found.json() == theirs.get(path).json(), path
    assert ours.get(QUESTIONS[0].format(voucher=served.voucher(4, person))).json()["state"] == "REDEEMED"
    assert ours.get("/readyz").json() == {"ready": True, "faults": {}}
    assert "vouchertrail_index_lag_blocks 0.0" in ours.get("/metrics").text


def test_observer__asked_to_carry_something_out__refuses(served: Served, observed: Observed) -> None:
    before = served.world.rpc.call("eth_blockNumber")
    written = {route: roles for route, roles in routes().items() if not re.match("GET ", route)}
    assert set(written) - OBSERVED == set(written) - {"POST /v1/validity/check"}
    for role in ApiRole:
        client = observed.client(role)
        for route, roles in routes().items():
            if role.value in roles and route not in OBSERVED:
                assert_refused(call(client, route), "NodeOnlyObserves", 403)
    assert served.world.rpc.call("eth_blockNumber") == before


def test_findings__of_an_observer__are_the_same_over_http_and_by_the_command(
    served: Served, observed: Observed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, head = observed.client(ApiRole.AUDITOR), quantity(served.world.rpc.call("eth_blockNumber"))
    for _ in range(600):
        answer = client.get("/v1/audit/findings", kind="role-granted", limit=1_000).json()
        if answer["watched"] is not None and answer["watched"]["number"] >= head:
            break
        time.sleep(0.1)
    operator = served.world.roles.address(KeyRole.OPERATOR).lower()
    assert operator in {one["subject"] for one in answer["findings"] if one["detail"].startswith("OPERATOR in 0x")}
    assert {one["kind"] for one in answer["findings"]} == {"role-granted"}
    figures = observed.client(ApiRole.OPERATOR).get("/metrics").text
    assert int(re.findall(r"^vouchertrail_watched_block (\d+)", figures, re.MULTILINE)[0]) >= head

    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", served.world.handle.url)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", str(CHAIN_ID))
    code, said = run("audit", "findings", "--kind", "role-granted", "--json", data=tmp_path)
    assert code == 0, said
    told = json.loads(said)
    assert told["watched"]["number"] >= answer["watched"]["number"]
    assert [(one["subject"], one["detail"]) for one in told["findings"]] == [
        (one["subject"], one["detail"]) for one in answer["findings"]
    ]
    assert "PERMISSIONS_CHANGED" not in run("audit", "findings", "--kind", "vote", data=tmp_path)[1]
    serving = served.client(ApiRole.AUDITOR).get("/v1/audit/findings").json()
    assert serving == {"findings": [], "watched": None}


def test_observer__when_it_writes_down_what_it_watched__then_the_disk_has_it(served: Served, tmp_path: Path) -> None:
    synchronous = set[int]()

    def noted(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT INTO watched_blocks", "INSERT INTO findings")):
            (found,) = cursor.connection.execute("PRAGMA synchronous").fetchone()
            synchronous.add(found)

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        handle = attach_chain(served.world.handle.url, CHAIN_ID, tmp_path / "identity.json")
        settings = settings_of_other(served.world, tmp_path)
        with build_observer(settings, handle), closing_engine(settings.database_url) as engine:
            deadline = time.monotonic() + 60
            while WatchTables(engine).watched() is None and time.monotonic() < deadline:
                time.sleep(0.1)
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert synchronous == {2}  # FULL: what was noticed of a block that is gone, no chain tells again


def test_observe__as_a_command__serves_and_watches_until_told_to_stop(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of_other(served.world, tmp_path)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", served.world.handle.url)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", str(CHAIN_ID))
    beside = tmp_path / "others.txt"
    beside.write_text(f"{served.world.handle.url}\nhttp://127.0.0.1:1 vtn_token\n\n")
    beside.chmod(0o640)
    code, said = run("audit", "findings", "--beside", str(beside), data=tmp_path)
    assert (code, "chmod 600" in said) == (4, True)
    beside.chmod(0o600)
    command = [sys.executable, "-m", "node_api", "observe", "--port", "0", "--json", "--beside", str(beside)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--data", str(tmp_path)], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            assert httpx.get(f"{url}/readyz", timeout=60).json() == {"ready": True, "faults": {}}
            engine = open_database(settings.database_url)
            store = WatchTables(engine)
            for _ in range(600):
                if store.counts().get("role-granted"):
                    break
                time.sleep(0.1)
            assert store.counts()["role-granted"] >= 9
            engine.dispose()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
            process.communicate()
    assert (tmp_path / "log").read_text().count("other_node_unseen") == 1


def test_observer__in_a_folder_with_a_key__refuses(served: Served, tmp_path: Path) -> None:
    settings = settings_of_other(served.world, tmp_path)
    KeyRing(settings.keys_folder).create_missing([KeyRole.AUDITOR])
    with pytest.raises(NotStarted, match="holds keys of auditor: an observer has none"):
        build_observer(settings, served.world.handle)


def test_observer__second_on_one_folder__refuses(served: Served, observed: Observed, tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="another process serves"):
        build_observer(settings_of_other(served.world, tmp_path), served.world.handle)
