"""`addresses.json`: where the contracts are, for clients; written anew after every contract, marked when complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from node_api.chain.deployment.errors import JournalOfOtherChain, NotDeployed
from node_api.chain.durable import write_whole

FORMAT = 1
_READABLE_BY_CLIENTS = 0o644


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """One contract on the chain.

    Attributes:
        contract: the shipped contract it is an instance of.
        address: checksummed.
        code_hash: keccak256 of its runtime code with immutables zero, 0x-hex.
        block: number of the block that created it; nothing of it is older.
        transaction: hash of the transaction that created it.
    """

    contract: str
    address: str
    code_hash: str
    block: int
    transaction: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """All contracts of a release on one chain.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0.
        complete: whether every step is done; else do not use it.
        contracts: by the name their step has.
    """

    chain_id: int
    genesis_hash: str
    complete: bool
    contracts: Mapping[str, DeployedContract]

    def address(self, name: str) -> str:
        """Address of the contract deployed under that name. Raises NotDeployed."""
        if name not in self.contracts:
            raise NotDeployed(f"no contract {name} on chain {self.chain_id}: run `vouchertrail deploy`")
        return self.contracts[name].address

    @property
    def first_block(self) -> int:
        """Number of the oldest block that can hold an event of any of the contracts."""
        return min((entry.block for entry in self.contracts.values()), default=0)


def write_deployment(folder: Path, deployment: Deployment) -> None:
    """Writes addresses.json durably."""
    content = orjson.dumps({"format": FORMAT, **asdict(deployment)}, option=orjson.OPT_INDENT_2) + b"\n"
    write_whole(folder / "addresses.json", [content], mode=_READABLE_BY_CLIENTS)


def read_deployment(deployments: Path, chain_id: int, genesis_hash: str) -> Deployment:
    """The deployment on this chain.

    Args:
        deployments: folder that holds one folder for each chain id.
        chain_id: of the chain at hand.
        genesis_hash: of the chain at hand.

    Raises:
        NotDeployed: there is none, or it is not complete.
        JournalOfOtherChain: it is of another chain with the same id.
    """
    require_deployed(deployments, chain_id)
    return read_addresses(_addresses(deployments, chain_id), chain_id, genesis_hash)


def read_addresses(path: Path, chain_id: int, genesis_hash: str) -> Deployment:
    """The deployment that this `addresses.json` tells of.

    Raises:
        NotDeployed: it is not complete, or tells of no deployment.
        JournalOfOtherChain: it is of another chain than this one.
    """
    try:
        return _told(path, orjson.loads(path.read_bytes()), chain_id, genesis_hash)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise NotDeployed(f"{path} tells of no deployment: {type(fault).__name__}: {fault}") from fault


def _told(path: Path, fields: dict[str, Any], chain_id: int, genesis_hash: str) -> Deployment:
    if fields["genesis_hash"] != genesis_hash:
        raise JournalOfOtherChain(
            f"{path} is of the chain with genesis {fields['genesis_hash']}, this one has {genesis_hash}"
        )
    if not fields["complete"]:
        raise NotDeployed(f"the deployment on chain {chain_id} is not complete: run `vouchertrail deploy` again")
    contracts = {name: DeployedContract(**entry) for name, entry in fields["contracts"].items()}
    return Deployment(chain_id, genesis_hash, True, contracts)


def require_deployed(deployments: Path, chain_id: int) -> None:
    """Checks that a deployment is on record, complete or not, without asking the chain. Raises NotDeployed."""
    path = _addresses(deployments, chain_id)
    if not path.exists():
        raise NotDeployed(
            f"nothing is deployed on chain {chain_id}: there is no {path}; "
            "run `vouchertrail deploy`, or name the node's folder with --data"
        )


def _addresses(deployments: Path, chain_id: int) -> Path:
    return deployments / str(chain_id) / "addresses.json"
