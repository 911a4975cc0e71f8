"""What the embedded chain is to be, or where the chain of others is: plain data, filled in by the node's settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """The embedded chain's folder and manner.

    Attributes:
        folder: everything the chain keeps: snapshots, block journal, identity, status, logs.
        chain_id: EIP-155 chain id; fixed at the first start.
        genesis_at: block time of block 0, Unix seconds; None means the moment of the first start. Fixed there.
        gas_limit: of a block, in gas.
        anvil: binary to run; None means to look for it.
        snapshot_seconds: least time between two snapshots. The real interval grows so that writing them costs
            less than one part in twenty of the time.
        poll_seconds: time between two looks at the chain's head; what a kill of anvil can lose.
        states: for how many blocks back state can be read (`eth_call`, `eth_getProof`).
        rpc_timeout: seconds allowed for one answer of the chain; a snapshot of a large state takes long.
    """

    folder: Path
    chain_id: int = 31373
    genesis_at: int | None = None
    gas_limit: int = 500_000_000
    anvil: Path | None = None
    snapshot_seconds: float = 5.0
    poll_seconds: float = 0.025
    states: int = 64
    rpc_timeout: float = 300.0

    def to_json(self) -> str:
        """The options as text for another process's command line."""
        return orjson.dumps(asdict(self), default=str).decode()

    @classmethod
    def from_json(cls, line: str) -> EmbeddedOptions:
        """Reads what `to_json` wrote."""
        fields = orjson.loads(line)
        fields["folder"] = Path(fields["folder"])
        fields["anvil"] = Path(fields["anvil"]) if fields["anvil"] else None
        return cls(**fields)

    @property
    def identity_file(self) -> Path:
        """Where the chain's identity is recorded."""
        return self.folder / "identity.json"


@dataclass(frozen=True, slots=True)
class OutsideOptions:
    """A chain that others run.

    Attributes:
        readers: addresses of nodes to read from, the best first; at least one.
        chain_id: EIP-155 chain id it must have.
        identity_file: where its identity is recorded.
        senders: addresses of nodes to send to; none: the readers.
        genesis_hash: hash block 0 must have; None: any, the first time.
        engine: name of its profile; None: by what answers.
        confirmations: blocks that must stand on one before it is final; None: as its engine has it.
        block_gas: gas of a node's calls sent between two blocks; None: as its engine has it.
        hold_seconds: after a block, before calls are sent.
    """

    readers: tuple[str, ...]
    chain_id: int
    identity_file: Path
    senders: tuple[str, ...] = ()
    genesis_hash: str | None = None
    engine: str | None = None
    confirmations: int | None = None
    block_gas: int | None = None
    hold_seconds: float = 0.0
