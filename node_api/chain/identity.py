"""Which chain this is: its engine, chain id and genesis hash, and the refusal of any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson

from node_api.chain.durable import private_folder, write_whole
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, ForeignChain
from node_api.chain.rpc_values import quantity, record, text


class IdentityDamaged(ChainError):
    """The file that tells which chain is this node's cannot be read."""


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """What makes a chain this chain.

    Attributes:
        client: engine name, the part of its version before the first slash, lower case (`anvil`, `geth`, `besu`).
        version: the whole version text; recorded, and free to change with an upgrade of the same engine.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0, 0x-hex, lower case.
        genesis_at: block time of block 0, Unix seconds.
    """

    client: str
    version: str
    chain_id: int
    genesis_hash: str
    genesis_at: int

    @classmethod
    def ask(cls, rpc: RpcClient) -> Self:
        """Asks the chain who it is. Raises as `RpcClient.call`."""
        version, chain_id, genesis = rpc.batch(
            [("web3_clientVersion", ()), ("eth_chainId", ()), ("eth_getBlockByNumber", ("0x0", False))]
        )
        block = record(genesis)
        return cls(
            client=text(version).split("/", 1)[0].lower(),
            version=text(version),
            chain_id=quantity(chain_id),
            genesis_hash=text(block["hash"]).lower(),
            genesis_at=quantity(block["timestamp"]),
        )

    def require(self, found: ChainIdentity, address: str) -> None:
        """Checks that the chain found at the address is this one.

        Raises:
            ForeignChain: engine, chain id or genesis hash differ; the message names both.
        """
        for what, ours, theirs in (
            ("chain id", self.chain_id, found.chain_id),
            ("genesis hash", self.genesis_hash, found.genesis_hash),
            ("engine", self.client, found.client),
        ):
            if ours != theirs:
                raise ForeignChain.at(address, what, theirs, ours)


def recorded_identity(path: Path) -> ChainIdentity | None:
    """The identity recorded in the file; None where there is no file yet.

    Raises:
        IdentityDamaged: there is one, and it is not as it was written.
    """
    try:
        found = orjson.loads(path.read_bytes())
        return ChainIdentity(
            client=str(found["client"]),
            version=str(found["version"]),
            chain_id=int(found["chain_id"]),
            genesis_hash=str(found["genesis_hash"]),
            genesis_at=int(found["genesis_at"]),
        )
    except FileNotFoundError:
        return None
    except (LookupError, TypeError, ValueError) as error:
        raise IdentityDamaged(
            f"{path} is damaged: it does not say which chain is this node's. Put it back from a backup; or take it away if you "
            "are sure of the chain, and the next start writes down the one it finds"
        ) from error


def record_identity(path: Path, identity: ChainIdentity) -> None:
    """Records the identity durably."""
    private_folder(path.parent)
    fields = {name: getattr(identity, name) for name in ChainIdentity.__slots__}
    write_whole(path, [orjson.dumps(fields, option=orjson.OPT_INDENT_2), b"\n"])


def recognise(path: Path, found: ChainIdentity, address: str) -> ChainIdentity:
    """Compares with the record, or makes the record at the first meeting. Raises ForeignChain, IdentityDamaged."""
    known = recorded_identity(path)
    if known is None:
        record_identity(path, found)
        return found
    known.require(found, address)
    return known
