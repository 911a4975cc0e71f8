"""What a node of Besu is configured with.

Sources, below https://besu.hyperledger.org: private-networks/how-to/use-local-permissioning (allow-lists),
public-networks/how-to/connect/static-nodes, public-networks/how-to/configure-besu (configuration file),
private-networks/how-to/configure/free-gas. Needs Besu 26.7.1, or an older one that knows `tx-pool=sequenced`.
"""

from __future__ import annotations

import json

from node_api.network.keys import NODE_KEY_FILE
from node_api.network.plan import LOOPBACK, Network, Node, Role, as_ip

CONFIG, DATA = "config.toml", "data"
GENESIS = "../shared/genesis.json"
STATIC_NODES, PERMISSIONS = "static-nodes.json", "permissions_config.toml"
# Votes and allow-lists are asked of a validator, and of it on its own machine only.
_APIS = {Role.VALIDATOR: ["ETH", "NET", "WEB3", "QBFT", "PERM"], Role.OBSERVER: ["ETH", "NET", "WEB3"]}

Value = str | int | bool | list[str]


def static_nodes(network: Network) -> str:
    """`static-nodes.json`, in the data folder of each node; a node passes over itself."""
    return json.dumps([node.enode for node in network.nodes], indent=2) + "\n"


def permissions(network: Network) -> str:
    """`permissions_config.toml`, in the data folder of each node: who may connect, and whose transactions are taken.

    Static peers have to be on the list, else Besu does not start. Besu writes the file when a list is changed over RPC.
    """
    return _toml(
        {
            "accounts-allowlist": [account.lower() for account in network.senders],
            "nodes-allowlist": [node.enode for node in network.nodes],
        }
    )


def config(network: Network, node: Node) -> str:
    """`config.toml` of the node: paths are seen from its folder."""
    seat, organisation = node.seat, node.seat.organisation
    values: dict[str, Value] = {
        "data-path": DATA,
        "genesis-file": GENESIS,
        "node-private-key-file": NODE_KEY_FILE,
        "sync-mode": "FULL",
        "data-storage-format": "FOREST",
        "min-gas-price": 0,
        "tx-pool": "sequenced",
        "p2p-host": organisation.host,
        "p2p-port": seat.p2p_port,
        "max-peers": max(25, len(network.nodes)),
        "discovery-enabled": False,
        "permissions-nodes-config-file-enabled": True,
        "permissions-accounts-config-file-enabled": True,
        "rpc-http-enabled": True,
        "rpc-http-host": seat.rpc_host,
        "rpc-http-port": seat.rpc_port,
        "rpc-http-api": _APIS[seat.role],
        "host-allowlist": sorted({"localhost", LOOPBACK, seat.rpc_host}),
    }
    if any(as_ip(other.seat.organisation.host) is None for other in network.nodes):
        values |= {"Xdns-enabled": True, "Xdns-update-enabled": True}
    if seat.role is Role.OBSERVER and organisation.rpc_jwt is not None:
        values |= {
            "rpc-http-authentication-enabled": True,
            "rpc-http-authentication-jwt-public-key-file": organisation.rpc_jwt,
        }
    return _toml(values)


def command() -> list[str]:
    """Arguments that run the node, in its folder."""
    return [f"--config-file={CONFIG}"]


def _toml(values: dict[str, Value]) -> str:
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in values.items())
