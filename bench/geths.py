"""Networks of geth on this machine: validators, each of an organisation of its own, and an observer."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.plan import LOOPBACK, Engine, Network, Organisation, Parameters, Role
from node_api.network.processes import find_program
from node_api.network.rules import WEAKNESSES
from node_api.network.trial import BLOCK_TIME, GAS_LIMIT, at_lasting_ports

FIRST = "member-0"
"""The organisation that also has the observer, and whose accounts may send."""


def geth() -> Path:
    """The program. Raises NetworkFault where it has not been built."""
    return find_program(Engine.GETH_CLIQUE, Path(os.environ["GETH"]) if "GETH" in os.environ else None)


def made(folder: Path, validators: int, accounts: Sequence[Address]) -> Network:
    """A network of so many validators, in blocks of one second, whose accounts have wei."""
    members = at_lasting_ports(
        Organisation(
            name=f"member-{number}",
            title=f"Member {number}",
            host=LOOPBACK,
            roles=(Role.VALIDATOR,) if number else (Role.VALIDATOR, Role.OBSERVER),
            accounts=() if number else tuple(accounts),
        )
        for number in range(validators)
    )
    parameters = Parameters("bench", Engine.GETH_CLIQUE, 31_375, BLOCK_TIME, GAS_LIMIT, UnixSeconds(int(time.time())))
    return create_network(folder, parameters, members, WEAKNESSES).network
