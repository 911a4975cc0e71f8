"""A running node beside the plan.

check
├── a validator of Besu that is as planned → everything is equal
├── each value that differs → named, with plan and answer, and nothing else
├── an RPC node, which serves neither QBFT nor PERM → validators by the header, allow-lists unknown
├── lists in another order or case, enodes with `?discport=0` → equal
├── geth between epochs → asks for its signers; at an epoch, by the header
├── state of block 0 is gone, or is another → differs
└── extraData of another engine → no node of this network
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from node_api.chain.extra_data import clique_extra_data, qbft_extra_data
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.domain.ids import Address
from node_api.network.check import Finding, check_node
from node_api.network.plan import Engine, Network
from tests.network.besu_answers import Answers, answering
from tests.network.conftest import SENDER, Make

NOW = 1_700_000_100
OTHER = Address("0xFE3B557E8Fb62b89F4916B721be55cEb828dBd73")


@pytest.fixture
def network(make: Make) -> Network:
    return make(Engine.BESU_QBFT)


def answers(network: Network, **changed: object) -> Answers:
    """Of a validator that is as planned."""
    extra = qbft_extra_data(network.validators).hex()
    latest = {"number": "0x64", "timestamp": hex(NOW - 1), "gasLimit": "0x1dcd6500", "extraData": f"0x{extra}"}
    return {
        "web3_clientVersion": "besu/v26.7.1/linux-x86_64/openjdk-java-25",
        "eth_chainId": "0x7a8e",
        "net_version": "31374",
        "eth_getBlockByNumber 0x0": {"hash": network.genesis_hash},
        "eth_getBlockByNumber latest": latest | {"baseFeePerGas": "0x0"},
        "eth_gasPrice": "0x0",
        "net_peerCount": "0x5",
        "eth_syncing": False,
        "eth_getBalance": "0x0",
        "perm_getNodesAllowlist": [node.enode for node in network.nodes],
        "perm_getAccountsAllowlist": [SENDER.lower()],
    } | changed


def look(found: Answers, network: Network) -> dict[str, Finding]:
    with answering(found) as url, RpcClient(url) as rpc:
        return {one.what: one for one in check_node(rpc, network, clock=lambda: NOW)}


def states(found: Answers, network: Network) -> dict[str, str]:
    """What is not equal."""
    return {what: one.state for what, one in look(found, network).items() if one.state != "equal"}


def latest(network: Network, **changed: object) -> Answers:
    block = answers(network)["eth_getBlockByNumber latest"]
    assert isinstance(block, dict)
    return answers(network, **{"eth_getBlockByNumber latest": block | changed})


def test_check__when_as_planned__then_all_is_equal(network: Network) -> None:
    found = look(answers(network), network)
    assert {one.state for one in found.values()} == {"equal"}
    assert len(found) == 14


@pytest.mark.parametrize(
    ("method", "answer", "what", "told"),
    [
        ("web3_clientVersion", "Geth/v1.13.14-stable/linux-amd64/go1.26", "program", "geth"),
        ("eth_chainId", "0x1", "chain id", "1"),
        ("net_version", "1", "network id", "1"),
        ("eth_getBlockByNumber 0x0", {"hash": "0x" + "ab" * 32}, "genesis hash", "0x" + "ab" * 32),
        ("eth_gasPrice", "0x3e8", "gas price", "1000"),
        ("net_peerCount", "0x4", "peers", "4"),
        ("eth_syncing", {"startingBlock": "0x0", "currentBlock": "0x1"}, "still fetching blocks", "yes"),
        ("eth_getBalance", "0x1", "oldest state kept", f"another block 0: {SENDER} has 1 wei"),
        (
            "eth_getBalance",
            ValueError("World state unavailable"),
            "oldest state kept",
            "not block 0 (World state unavailable)",
        ),
        ("perm_getNodesAllowlist", [], "nodes that may connect", "none"),
        (
            "perm_getAccountsAllowlist",
            ["0x0000000000000000000000000000000000000009", "0xb9b81ee349c3807e46bc71aa2632203c5b462033"],
            "accounts that may send",
            "0x0000000000000000000000000000000000000009, 0xb9b81ee349c3807e46bc71aa2632203c5b462033",
        ),
    ],
)
def test_check__when_one_thing_differs__then_it_alone_is_named(
    network: Network, method: str, answer: object, what: str, told: str
) -> None:
    found = answers(network, **{method: answer})
    assert states(found, network) == {what: "differs"}
    assert look(found, network)[what].found == told


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"gasLimit": "0x1c9c380"}, "gas limit"),
        ({"baseFeePerGas": "0x7"}, "base fee"),
        ({"timestamp": hex(NOW - 31)}, "newest block"),
        ({"extraData": "0x" + qbft_extra_data([OTHER]).hex()}, "validators"),
    ],
)
def test_check__when_the_newest_block_differs__then_named(
    network: Network, changed: dict[str, object], what: str
) -> None:
    assert states(latest(network, **changed), network) == {what: "differs"}


def test_check__when_a_block_is_late__then_only_beyond_the_bound(network: Network) -> None:
    assert states(latest(network, timestamp=hex(NOW - 30)), network) == {}
    slow = replace(network, parameters=replace(network.parameters, block_time=4))
    assert states(latest(network, timestamp=hex(NOW - 40)), slow) == {}
    assert states(latest(network, timestamp=hex(NOW - 41)), slow) == {"newest block": "differs"}


def test_check__when_an_rpc_node__then_lists_are_unknown(network: Network) -> None:
    found = {method: answer for method, answer in answers(network).items() if not method.startswith("perm_")}
    assert states(found, network) == {"nodes that may connect": "unknown", "accounts that may send": "unknown"}
    assert look(found, network)["accounts that may send"].found == "Method not enabled"


def test_check__when_lists_are_written_otherwise__then_equal(network: Network) -> None:
    extra = qbft_extra_data(network.validators[::-1])
    found = latest(network, extraData="0x" + extra.hex()) | {
        "perm_getNodesAllowlist": [node.enode + "?discport=0" for node in network.nodes[::-1]],
        "perm_getAccountsAllowlist": [SENDER],
    }
    assert states(found, network) == {}


def test_check__when_extra_data_is_of_another_engine__then_said(network: Network) -> None:
    with pytest.raises(RpcProtocolError, match="extraData"):
        look(latest(network, extraData="0x" + clique_extra_data([OTHER]).hex()), network)


@pytest.mark.parametrize(("number", "asked"), [("0x64", True), (hex(30_000), False)])
def test_check__when_geth__then_signers_by_method_between_epochs(make: Make, number: str, asked: bool) -> None:
    network = make(Engine.GETH_CLIQUE)
    extra = "0x" + (bytes(97) if asked else clique_extra_data(network.validators)).hex()
    found = latest(network, number=number, extraData=extra) | {
        "web3_clientVersion": "Geth/v1.13.14-stable/linux-amd64/go1.26",
        "eth_getBalance": hex(10**24),
        "eth_gasPrice": "0x1",
    }
    if asked:
        assert states(found, network) == {"validators": "unknown"}
        found["clique_getSigners"] = [one.lower() for one in network.validators]
    assert states(found, network) == {}
    assert "accounts that may send" not in look(found, network)
    assert states(found | {"eth_getBalance": "0x0"}, network) == {"oldest state kept": "differs"}
