"""How a node is started: by a command, by systemd, in a container. All three run the same `start.sh`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from node_api.network import besu, geth
from node_api.network.plan import Engine, Network, Node

SERVER_FOLDER = "/srv/vouchertrail"
GATEWAY, GATEWAY_TOKENS = "gateway.sh", "gateway.tokens"
HELD = "held.json"
"""While it lies beside a validator's keys, geth runs without sealing, and Besu, which cannot, does not run."""
PROGRAMS = {Engine.GETH_CLIQUE: "geth", Engine.BESU_QBFT: "besu"}
_IN_IMAGE = {Engine.GETH_CLIQUE: "geth", Engine.BESU_QBFT: "/opt/besu/bin/besu"}


def start_script(network: Network, node: Node) -> str:
    """`start.sh`: runs the node in the foreground, from wherever it is called."""
    engine = network.parameters.engine
    variable, program = engine_variable(engine), '"$program"'
    lines = ["#!/bin/sh", f"# Runs {node.seat.name} of {network.parameters.name} in the foreground.", "set -eu"]
    lines += ['cd "$(dirname "$0")"', "umask 077"]
    lines += [
        f"program=${{{variable}:-{PROGRAMS[engine]}}}",
        f"unset {variable}",
    ]  # geth warns of what begins with GETH
    if engine is Engine.GETH_CLIQUE:
        lines.append(f"if [ ! -e {geth.MADE} ]; then {program} {shlex.join(geth.init_command())}; : > {geth.MADE}; fi")
        arguments = geth.command(network, node)
    else:
        arguments = besu.command()
    if node.signer is None:
        return "\n".join([*lines, f"exec {program} {shlex.join(arguments)}", ""])
    if engine is Engine.GETH_CLIQUE:
        lines.append(f"if [ -e {HELD} ]; then set --; else set -- {geth.SEAL}; fi")
    else:
        lines.append(f'if [ -e {HELD} ]; then echo "held: see {HELD}" >&2; exit 1; else set --; fi')
    return "\n".join([*lines, f'exec {program} {shlex.join(arguments)} "$@"', ""])


def unit(network: Network, node: Node) -> str:
    """The systemd unit, for the organisation's folder under `/srv/vouchertrail/<network>/`."""
    seat = node.seat
    folder = f"{SERVER_FOLDER}/{network.parameters.name}/{seat.organisation.name}/{seat.role}"
    return f"""[Unit]
Description={seat.name} of the voucher network {network.parameters.name}
Wants=network-online.target
After=network-online.target

[Service]
User=vouchertrail
UMask=0077
ExecStart={folder}/start.sh
Restart=on-failure
RestartSec=5
TimeoutStopSec=120
NoNewPrivileges=true
PrivateTmp=true
ProtectHome=true
ProtectSystem=strict
ReadWritePaths={folder}

[Install]
WantedBy=multi-user.target
"""


def gateway_script(node: Node) -> str:
    """`gateway.sh`: lets others read from the observer; arguments are handed on."""
    url = shlex.quote(node.seat.url)
    return f"""#!/bin/sh
# Lets bearers of a token read from {node.seat.name}: vouchertrail network token {GATEWAY_TOKENS} NAME
set -eu
cd "$(dirname "$0")"
umask 077
exec "${{VOUCHERTRAIL:-vouchertrail}}" network gateway {url} --tokens {GATEWAY_TOKENS} "$@"
"""


def unit_name(network: Network, node: Node) -> str:
    """`vouchertrail-<network>-<organisation>-<role>.service`."""
    return f"vouchertrail-{network.parameters.name}-{node.seat.name}.service"


def compose(network: Network, nodes: Sequence[Node], *, whole: bool) -> str:
    """`compose.yaml` of these nodes.

    They use the host's network, so that a bind to loopback is one and no published port goes round the host's firewall.

    Args:
        network: they belong to.
        nodes: each becomes a service.
        whole: whether it lies beside the folders of the organisations, else in the folder of one.
    """
    engine = network.parameters.engine
    image = f"{engine_variable(engine)}_IMAGE"
    text = f"name: {network.parameters.name}\nservices:\n"
    for node in nodes:
        folder = f"./{node.seat.organisation.name}" if whole else "."
        text += f"""  {node.seat.name}:
    image: ${{{image}:?an image of {PROGRAMS[engine]} by its digest}}
    user: ${{NODE_USER:?uid:gid of the owner of these files}}
    network_mode: host
    working_dir: /network/{node.seat.role}
    entrypoint: [/bin/sh, start.sh]
    environment:
      {engine_variable(engine)}: {_IN_IMAGE[engine]}
    volumes:
      - {folder}:/network
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped
    stop_grace_period: 2m
"""
    return text


def engine_variable(engine: Engine) -> str:
    """Environment variable that names the engine's program: `GETH` or `BESU`."""
    return PROGRAMS[engine].upper()
