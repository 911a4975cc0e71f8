"""Compares a running node, asked over JSON-RPC, with the plan of its network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from node_api.chain.extra_data import ExtraDataFault, clique_signers, read_qbft_extra_data
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError, RpcProtocolError
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.network.genesis import EPOCH, SPARE_WEI
from node_api.network.geth import PRICE_WEI
from node_api.network.plan import Engine, Network
from node_api.network.start_files import PROGRAMS

Question = tuple[str, str, Callable[[], str]]
"""What is compared, what the plan says of it, and how to ask the node."""

EQUAL, DIFFERS, UNKNOWN = "equal", "differs", "unknown"
_SILENT_BLOCKS, _SILENT_SECONDS = 10, 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        what: was compared.
        planned: what the plan says.
        found: what the node says, or why it does not say it.
        state: `equal`, `differs`, or `unknown` where the node does not answer that question.
    """

    what: str
    planned: str
    found: str
    state: str


def check_node(rpc: RpcClient, network: Network, *, clock: Callable[[], float] = time.time) -> list[Finding]:
    """Everything that can be compared from outside, in a fixed order.

    Raises:
        RpcUnavailable: nobody answers.
        RpcProtocolError: what answers is no node.
    """
    latest = record(rpc.call("eth_getBlockByNumber", ["latest", False]))
    questions: list[Question] = [
        *_identity(rpc, network),
        *_gas(rpc, network, latest),
        ("validators", _listed(network.sealers), lambda: _listed(_validators(rpc, network, latest))),
        ("peers", str(len(network.nodes) - 1), lambda: str(quantity(rpc.call("net_peerCount")))),
        ("still fetching blocks", "no", lambda: "no" if rpc.call("eth_syncing") is False else "yes"),
        ("oldest state kept", "block 0", lambda: _oldest_state(rpc, network)),
    ]
    if network.parameters.engine is Engine.BESU_QBFT:
        questions += _allow_lists(rpc, network)
    return [_compared(*question) for question in questions] + [_newest(network, latest, clock())]


def _identity(rpc: RpcClient, network: Network) -> Iterator[Question]:
    parameters = network.parameters
    yield "program", PROGRAMS[parameters.engine], lambda: _program(rpc)
    yield "chain id", str(parameters.chain_id), lambda: str(quantity(rpc.call("eth_chainId")))
    yield "network id", str(parameters.chain_id), lambda: text(rpc.call("net_version"))
    yield "genesis hash", network.genesis_hash, lambda: text(_block(rpc, "0x0")["hash"]).lower()


def _gas(rpc: RpcClient, network: Network, latest: dict[str, Json]) -> Iterator[Question]:
    price = PRICE_WEI if network.parameters.engine is Engine.GETH_CLIQUE else 0
    yield "gas limit", str(network.parameters.gas_limit), lambda: str(quantity(latest["gasLimit"]))
    yield "base fee", "0", lambda: str(quantity(latest.get("baseFeePerGas", "0x0")))
    yield "gas price", str(price), lambda: str(quantity(rpc.call("eth_gasPrice")))


def _program(rpc: RpcClient) -> str:
    return text(rpc.call("web3_clientVersion")).split("/")[0].lower()


def _validators(rpc: RpcClient, network: Network, latest: dict[str, Json]) -> tuple[str, ...]:
    """Who may seal blocks now: by the header where it says so, else by the engine's own method."""
    extra = data(latest["extraData"])
    try:
        if network.parameters.engine is Engine.BESU_QBFT:
            return read_qbft_extra_data(extra).validators
        if quantity(latest["number"]) % EPOCH == 0:
            return clique_signers(extra)
    except ExtraDataFault as error:
        raise RpcProtocolError(f"extraData of the newest block: {error}") from error
    return tuple(map(text, rows(rpc.call("clique_getSigners"))))


def _oldest_state(rpc: RpcClient, network: Network) -> str:
    """Whether block 0's state can still be read, as an audit of the past needs it."""
    asked = network.accounts[0] if network.accounts else "0x" + "0" * 40
    expected = SPARE_WEI if network.accounts and network.parameters.engine is Engine.GETH_CLIQUE else 0
    try:
        found = quantity(rpc.call("eth_getBalance", [asked, "0x0"]))
    except RpcError as error:
        return f"not block 0 ({error.message})"
    return "block 0" if found == expected else f"another block 0: {asked} has {found} wei"


def _allow_lists(rpc: RpcClient, network: Network) -> Iterator[Question]:
    enodes = [_bare(node.enode) for node in network.nodes]
    yield (
        "nodes that may connect",
        _listed(enodes),
        lambda: _listed(_bare(text(one)) for one in rows(rpc.call("perm_getNodesAllowlist"))),
    )
    yield (
        "accounts that may send",
        _listed(network.senders),
        lambda: _listed(map(text, rows(rpc.call("perm_getAccountsAllowlist")))),
    )


def _newest(network: Network, latest: dict[str, Json], now: float) -> Finding:
    age = max(0, int(now) - quantity(latest["timestamp"]))
    allowed = max(_SILENT_SECONDS, _SILENT_BLOCKS * network.parameters.block_time)
    found = f"block {quantity(latest['number'])}, {age} s ago"
    return Finding("newest block", f"at most {allowed} s ago", found, EQUAL if age <= allowed else DIFFERS)


def _compared(what: str, planned: str, ask: Callable[[], str]) -> Finding:
    try:
        found = ask()
    except RpcError as error:
        return Finding(what, planned, error.message, UNKNOWN)
    return Finding(what, planned, found, EQUAL if found == planned else DIFFERS)


def _block(rpc: RpcClient, number: str) -> dict[str, Json]:
    return record(rpc.call("eth_getBlockByNumber", [number, False]))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(one.lower() for one in values)) or "none"


def _bare(enode: str) -> str:
    """An enode without what stands behind its port, as `?discport=0`."""
    parts = urlsplit(enode)
    return f"{parts.scheme}://{parts.netloc}"
