"""What a node of geth is started with: release 1.13.14, the last line that seals Clique."""

from __future__ import annotations

import json

from node_api.network.keys import NODE_KEY_FILE, SIGNER_FILE, SIGNER_PASSWORD_FILE
from node_api.network.plan import Network, Node, Role, as_ip

SEAL = "--mine"
CONFIG, DATA = "config.toml", "data"
MADE = f"{DATA}/made"
"""There once block 0 is written: an `init` that was cut short leaves a chain that geth would fill with the main net's block 0."""
GENESIS = "../shared/genesis.json"
_LOOPBACK_NET = "127.0.0.0/8"
# `clique` lets whoever reaches a validator's loopback vote in its name; `debug` and `miner` let the watch for stalls rewind it,
# and stop its sealing meanwhile.
_APIS = {Role.VALIDATOR: "eth,net,web3,clique,debug,miner", Role.OBSERVER: "eth,net,web3,clique"}


# geth takes nothing lower over the network: a price of zero is raised to a billion wei, and transactions without a tip are taken
# only by the node they are sent to. With one wei every node passes them on.
PRICE_WEI = 1


def config(network: Network, node: Node) -> str:
    """`config.toml`: the peers. No others are looked for, and none is let in.

    geth has no allow-list, but trusted peers pass its check of their number, which nobody else passes where it is below zero
    (`postHandshakeChecks` in its p2p/server.go). It dials as many as that number divided by the ratio.
    """
    others = [other.enode for other in network.nodes if other is not node]
    peers = json.dumps(others, indent=2)
    limits = f"MaxPeers = {-max(1, len(others))}\nDialRatio = -1\n"
    return f"[Node.P2P]\n{limits}StaticNodes = {peers}\nTrustedNodes = {peers}\n"


def init_command() -> list[str]:
    """Writes block 0, in the node's folder; where it is written already, nothing changes."""
    return ["--datadir", DATA, "init", GENESIS]


def command(network: Network, node: Node) -> list[str]:
    """Arguments that run the node, in its folder; a validator seals with `SEAL` besides."""
    parameters, seat = network.parameters, node.seat
    flags: dict[str, str | int] = {
        "config": CONFIG,
        "datadir": DATA,
        "networkid": parameters.chain_id,
        "nodekey": NODE_KEY_FILE,
        "port": seat.p2p_port,
        "nat": _nat(seat.organisation.host),
        "syncmode": "full",
        "gcmode": "archive",
        "http.addr": seat.rpc_host,
        "http.port": seat.rpc_port,
        "http.api": _APIS[seat.role],
        "authrpc.port": seat.auth_port,
        "miner.gaslimit": parameters.gas_limit,
        "miner.gasprice": PRICE_WEI,
        "rpc.txfeecap": 0,
    }
    if restrict := _restrict(network):
        flags["netrestrict"] = restrict
    switches = ["nodiscover", "http", "ipcdisable"]
    if node.signer is not None:
        flags |= {
            "keystore": SIGNER_FILE.partition("/")[0],
            "unlock": node.signer,
            "password": SIGNER_PASSWORD_FILE,
            "miner.etherbase": node.signer,
            "miner.recommit": f"{_recommit(parameters.block_time)}s",
        }
        switches += ["allow-insecure-unlock"]
    return [
        *(part for name, value in flags.items() for part in (f"--{name}", str(value))),
        *(f"--{one}" for one in switches),
    ]


def _recommit(block_time: int) -> int:
    """Seconds after which a signer makes its block anew with what came since; never where the next block is due by then."""
    return 1 if block_time > 2 else 10


def _restrict(network: Network) -> str:
    """Networks that peers may come from; empty where hosts are names, which geth cannot restrict."""
    addresses = [as_ip(node.seat.organisation.host) for node in network.nodes]
    if any(address is None for address in addresses):
        return ""
    nets = {_LOOPBACK_NET if one.is_loopback else f"{one}/{one.max_prefixlen}" for one in addresses if one is not None}
    return ",".join(sorted(nets))


def _nat(host: str) -> str:
    address = as_ip(host)
    return "none" if address is None or address.is_loopback else f"extip:{host}"
