"""The README that each organisation gets with its folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from node_api.network.plan import Engine, Network, Node, Role
from node_api.network.start_files import GATEWAY, SERVER_FOLDER, engine_variable, unit_name

_SECRETS = {
    Engine.GETH_CLIQUE: "`organisation.key`, `*/node.key`, `*/signer/`, `*/signer.password`",
    Engine.BESU_QBFT: "`organisation.key`, `*/node.key`",
}


def guide(network: Network, own: Sequence[Node]) -> str:
    """`README.md` for the organisation that has these nodes."""
    organisation = own[0].seat.organisation
    parameters = network.parameters
    return f"""# {organisation.title} in the network {parameters.name}

{parameters.engine}, chain id {parameters.chain_id}, a block every {parameters.block_time} s, gas is free. Block 0 has the hash

    {network.genesis_hash}

{_table(network)}

## Before anything runs

1. Compare `shared/` with what you agreed to: members, validators, accounts that may send, chain id. It is the same in every
   organisation's folder. `cd shared && sha256sum -c SHA256SUMS` compares the files with the list.
2. Sign the list: `vouchertrail network sign . --organisation {organisation.name}`. Give the others
   `shared/signatures/{organisation.name}.sig`, and put theirs beside it.
3. `vouchertrail network verify .` says who has not signed. Start when all have: then nobody can say they meant another network.

## Running

{_commands(network, own)}

Open the P2P port to the hosts above and to nobody else. JSON-RPC stays where the plan puts it: {_rpc(own)}.
{_gateway(network, own)}`vouchertrail network check {_quoted(own[-1])} --network .` compares a running node with the plan.

## Secrets

{_SECRETS[parameters.engine]} are yours alone, mode 0600. Nobody needs them to let you in, and whoever asks for them is no member.
Where the folder was made by somebody else, they had these keys in hand: make your own with `vouchertrail network keys` and hand
out the public ones. Never run two nodes with the same keys, not even for a moment of moving: both would seal blocks.
"""


def _table(network: Network) -> str:
    lines = ["| Organisation | Node | P2P | Seals with |", "| --- | --- | --- | --- |"]
    for node in network.nodes:
        seat, host = node.seat, node.seat.organisation.host
        lines.append(f"| {seat.organisation.title} | {seat.role} | {host}:{seat.p2p_port} | {node.signer or '–'} |")
    return "\n".join(lines)


def _commands(network: Network, own: Sequence[Node]) -> str:
    variable = engine_variable(network.parameters.engine)
    folder = f"{SERVER_FOLDER}/{network.parameters.name}/{own[0].seat.organisation.name}"
    scripts = ", ".join(f"`{node.seat.role}/start.sh`" for node in own)
    units = ", ".join(f"`{node.seat.role}/{unit_name(network, node)}`" for node in own)
    return f"""One of three; all run the same script.

- A command: {scripts}, with the program on PATH or named by `{variable}`.
- systemd: put this folder to `{folder}`, owned by a user `vouchertrail`; copy {units} to `/etc/systemd/system/`, and
  `systemctl enable --now` it.
- Containers: `{variable}_IMAGE=… NODE_USER=$(id -u):$(id -g) docker compose up -d`, on Linux;
  the nodes use the host's network."""


def _rpc(own: Sequence[Node]) -> str:
    return ", ".join(f"the {node.seat.role} at {node.seat.url}" for node in own)


def _gateway(network: Network, own: Sequence[Node]) -> str:
    if network.parameters.engine is not Engine.GETH_CLIQUE or all(node.seat.role is not Role.OBSERVER for node in own):
        return ""
    script = f"{Role.OBSERVER}/{GATEWAY}"
    return f"Others read from your observer through `{script}`, behind TLS, each with a token of `vouchertrail network token`.\n"


def _quoted(node: Node) -> str:
    return shlex.quote(node.seat.url)
